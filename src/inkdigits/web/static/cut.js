/** A digit alone, cut out of what was read. */

import { drawStrokes, SENT_HEIGHT } from "./ink.js";

/** Of the longer side of a digit's box, what is left free around it. */
const MARGIN = 0.3;
/** A digit is at most so large, and a photo, if it is kept. */
const LARGEST = 256;
const LARGEST_PHOTO = 1000;

/**
 * @typedef {{picture: string, strokes: number[][][] | null, photo?: string, box?: number[]}} Cut
 *   picture and photo: as data URLs
 * @typedef {{photo: string, scale: number}} Whole scale: to its pixels from the bitmap's
 */

/**
 * The strokes of a drawing that are mostly in the box.
 *
 * @param {readonly import("./ink.js").Stroke[]} strokes
 * @param {number[]} box in pixels of the picture that was sent
 */
export function strokesIn(strokes, [x0, y0, x1, y1]) {
  const [near, height] = [0.05, SENT_HEIGHT];
  const isIn = ({ x, y }) =>
    x0 / height - near <= x && x <= x1 / height + near && y0 / height - near <= y && y <= y1 / height + near;
  return strokes.filter((stroke) => 2 * stroke.filter(isIn).length > stroke.length);
}

/**
 * @param {readonly import("./ink.js").Stroke[]} strokes of the whole drawing
 * @param {number[]} box @returns {Cut}
 */
export function cutDrawing(strokes, box) {
  const own = strokesIn(strokes, box);
  const shown = own.length > 0 ? own : strokes; // where digits are joined, what is in the box
  const { left, top, side } = squareAround(box);
  const size = Math.min(side, LARGEST);
  const context = paper(size, size);
  context.scale(size / side, size / side);
  context.translate(-left, -top);
  drawStrokes(context, shown, SENT_HEIGHT, "black");
  const start = Math.min(...own.flat().map(({ time = 0 }) => time));
  return {
    picture: context.canvas.toDataURL("image/png"),
    strokes:
      own.length === 0
        ? null
        : own.map((stroke) => stroke.map(({ x, y, time = 0 }) => [x, y, time - start].map(short))),
  };
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number[]} box
 * @param {number} turned by how many degrees clockwise it had to be turned to be read
 * @param {Whole | null} whole all of the picture, if it goes along
 * @returns {Cut}
 */
export function cutPhoto(bitmap, box, turned, whole) {
  const { left, top, side } = squareAround(box);
  const size = Math.min(side, LARGEST);
  const context = paper(size, size);
  context.translate(size / 2, size / 2);
  context.rotate((turned * Math.PI) / 180);
  context.scale(size / side, size / side);
  context.drawImage(bitmap, -left - side / 2, -top - side / 2);
  const cut = { picture: context.canvas.toDataURL("image/png"), strokes: null };
  if (!whole) return cut;
  return { ...cut, photo: whole.photo, box: box.map((edge) => Math.round(whole.scale * edge)) };
}

/** @param {ImageBitmap} bitmap @returns {Whole} */
export function wholePhoto(bitmap) {
  const scale = Math.min(LARGEST_PHOTO / Math.max(bitmap.width, bitmap.height), 1);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
  const context = paper(width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  return { photo: context.canvas.toDataURL("image/jpeg", 0.85), scale };
}

function squareAround([x0, y0, x1, y1]) {
  const longer = Math.max(x1 - x0, y1 - y0);
  const side = Math.ceil(longer * (1 + 2 * MARGIN));
  return { left: Math.round((x0 + x1 - side) / 2), top: Math.round((y0 + y1 - side) / 2), side };
}

/** @param {number} width @param {number} height @returns {CanvasRenderingContext2D} white */
function paper(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  return context;
}

function short(value) {
  return Math.round(1e4 * value) / 1e4;
}
