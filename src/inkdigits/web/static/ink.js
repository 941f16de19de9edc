/**
 * Strokes as vectors, and how they are inked. Coordinates and widths are parts of the sheet's
 * height, so that a drawing keeps its shape on any screen.
 *
 * @typedef {{x: number, y: number, width: number}} Point
 * @typedef {Point[]} Stroke
 */

import { pngOf } from "./png.js";

/** The height of the picture that is sent: enough for the network, small enough to be fast. */
export const SENT_HEIGHT = 280;

/** From one nib to the next, at most. */
const STEP = 0.01;

/** The cosine of the largest turn from one nib to the next that is none, 15 degrees. */
const STRAIGHT = 0.966;

/** What strokes look like that have so many points. @type {WeakMap<Stroke, {size: number, shape: Path2D}>} */
const shapes = new WeakMap();

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Stroke[]} strokes
 * @param {number} height of the sheet, in the context's pixels
 * @param {string} color
 */
export function drawStrokes(context, strokes, height, color) {
  context.save();
  context.scale(height, height);
  context.fillStyle = color;
  for (const stroke of strokes) context.fill(shapeOf(stroke));
  context.restore();
}

/** @param {readonly Stroke[]} strokes @param {number} aspect @returns {Promise<Blob>} black on white */
export function toPng(strokes, aspect) {
  const canvas = document.createElement("canvas");
  const [width, height] = [Math.round(SENT_HEIGHT * aspect), SENT_HEIGHT];
  Object.assign(canvas, { width, height });
  const options = { willReadFrequently: true };
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", options));
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  drawStrokes(context, strokes, height, "black");
  return pngOf(context.getImageData(0, 0, width, height));
}

/**
 * Where the pen's nib was, closely: along a curve through the middles between neighbouring points,
 * with the points as its handles.
 *
 * @param {Stroke} stroke @returns {Point[]}
 */
export function nibsOf(stroke) {
  const nibs = [stroke[0]];
  for (let i = 1; i < stroke.length; i++) {
    const [start, handle] = [nibs[nibs.length - 1], stroke[i - 1]];
    const end = i === stroke.length - 1 ? stroke[i] : between(handle, stroke[i], 0.5);
    const steps = Math.ceil((distance(start, handle) + distance(handle, end)) / STEP);
    for (let step = 1; step <= steps; step++) {
      const share = step / steps;
      nibs.push(between(between(start, handle, share), between(handle, end, share), share));
    }
  }
  return nibs;
}

/** All that the nib went over, as one shape: nothing in it is inked twice. @param {Stroke} stroke */
function shapeOf(stroke) {
  const known = shapes.get(stroke);
  if (known?.size === stroke.length) return known.shape;
  const nibs = nibsOf(stroke);
  const directions = nibs.map((nib, i) => directionOf(nibs[i - 1] ?? nib, nibs[i + 1] ?? nib));
  const edge = (side) =>
    nibs.map(({ x, y, width }, i) => {
      const [across, down] = directions[i];
      return [x - (side * down * width) / 2, y + (side * across * width) / 2];
    });
  const shape = new Path2D();
  const [start, ...rest] = [...edge(-1), ...edge(1).reverse()];
  shape.moveTo(start[0], start[1]);
  for (const [x, y] of rest) shape.lineTo(x, y);
  shape.closePath();
  for (const [i, { x, y, width }] of nibs.entries()) {
    const isEnd = i === 0 || i === nibs.length - 1;
    if (!isEnd && !isTurn(directions[i - 1], directions[i])) continue;
    shape.moveTo(x + width / 2, y); // turning as the edges do: what turns otherwise would be a hole
    shape.arc(x, y, width / 2, 0, 2 * Math.PI);
  }
  shapes.set(stroke, { size: stroke.length, shape });
  return shape;
}

/** @param {Point} from @param {Point} to @returns {[number, number]} of length 1 */
function directionOf(from, to) {
  const length = distance(from, to) || 1;
  return [(to.x - from.x) / length, (to.y - from.y) / length];
}

/** Whether the nib turns so far that its round side is seen. */
function isTurn([across, down], [nextAcross, nextDown]) {
  return across * nextAcross + down * nextDown < STRAIGHT;
}

function between(a, b, share) {
  const mix = (name) => a[name] + share * (b[name] - a[name]);
  return { x: mix("x"), y: mix("y"), width: mix("width") };
}

function distance(a, b) {
  return Math.hypot(b.x - a.x, b.y - a.y);
}
