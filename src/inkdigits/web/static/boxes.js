/**
 * Boxes around what was read in a picture: a line around a sure digit, dashes around a doubtful
 * one, likewise around marks, dots around what was left out.
 *
 * @typedef {import("./place.js").Place} Place
 */

/** Between the ink and its box, the width of its line, and the height of a tag; in CSS pixels. */
const GAP = 3;
const LINE = 2;
const TAG = 16;

const HALO = "rgb(255 255 255 / 70%)";
const DASHES = { sure: [], unsure: [5, 3], skipped: [2, 2] };

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Place} place
 * @param {import("./api.js").Reading} reading
 * @param {number} chosen the index of the digit whose box is bolder
 */
export function drawBoxes(context, place, reading, chosen) {
  const style = getComputedStyle(context.canvas);
  context.save();
  context.font = `600 ${TAG * 0.8 * devicePixelRatio}px ${style.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const draw = (kind, box, text, bold) => {
    const color = style.getPropertyValue(`--${kind}`);
    const edges = onCanvas(box, place);
    drawBox(context, edges, color, DASHES[kind], bold);
    if (text) drawTag(context, edges, color, text, kind === "sure");
  };
  for (const box of reading.skipped) draw("skipped", box, "", false);
  for (const { text, sure, box } of reading.marks) draw(sure ? "sure" : "unsure", box, text, false);
  for (const [index, { value, sure, box }] of reading.digits.entries()) {
    const bold = index === chosen && reading.digits.length > 1;
    draw(sure ? "sure" : "unsure", box, String(value), bold);
  }
  context.restore();
}

/**
 * @param {Place} place @param {import("./api.js").Reading} reading
 * @param {number} x @param {number} y in canvas pixels
 * @returns {number} the index of the digit whose box is there, or -1
 */
export function digitAt(place, reading, x, y) {
  return reading.digits.findIndex(({ box }) => {
    const [x0, y0, x1, y1] = onCanvas(box, place);
    return x0 <= x && x <= x1 && y0 <= y && y <= y1;
  });
}

/** @param {number[]} box @param {Place} place @returns {number[]} its edges, clear of the ink */
function onCanvas([x0, y0, x1, y1], { left, top, scale }) {
  const gap = GAP * devicePixelRatio;
  return [
    left + x0 * scale - gap,
    top + y0 * scale - gap,
    left + x1 * scale + gap,
    top + y1 * scale + gap,
  ];
}

function drawBox(context, [x0, y0, x1, y1], color, dashes, bold) {
  const width = LINE * devicePixelRatio * (bold ? 2 : 1);
  context.setLineDash([]);
  context.strokeStyle = HALO; // on dark paper, too, the line is seen
  context.lineWidth = 2 * width;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  context.setLineDash(dashes.map((length) => length * devicePixelRatio));
  context.strokeStyle = color;
  context.lineWidth = width;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
}

/** The value, over the box or, at the top of the sheet, under it; filled if it is sure. */
function drawTag(context, [x0, y0, , y1], color, text, filled) {
  const side = TAG * devicePixelRatio;
  const top = y0 >= side ? y0 - side : y1;
  context.fillStyle = filled ? color : "white";
  context.fillRect(x0, top, side, side);
  context.setLineDash([]);
  context.strokeStyle = color;
  context.lineWidth = devicePixelRatio;
  context.strokeRect(x0, top, side, side);
  context.fillStyle = filled ? "white" : color;
  context.fillText(text, x0 + side / 2, top + side * 0.55);
}
