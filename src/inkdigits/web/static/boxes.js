/**
 * Boxes around what was read in a picture: a line around a sure digit, dashes around a doubtful
 * one, likewise around marks and what may be a digit, dots around what was left out.
 *
 * @typedef {import("./place.js").Place} Place
 */

/** Between the ink and its box, the width of its line, and the height of a tag; in CSS pixels. */
const GAP = 3;
const LINE = 2;
const TAG = 16;

const DASHES = { sure: [], unsure: [5, 3], skipped: [2, 2] };

/**
 * @typedef {{chosen: number, onlyUnclear: boolean, style: CSSStyleDeclaration, unit: number}} Look
 *   chosen: the index of the digit whose box is bolder; onlyUnclear: without the boxes of digits
 *   that are sure; style: whose --sure, --unsure, --skipped, --halo and --sheet are the colours;
 *   unit: the context's pixels for one of CSS
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Place} place
 * @param {import("./api.js").Reading} reading
 * @param {Look} look
 */
export function drawBoxes(context, place, reading, { chosen, onlyUnclear, style, unit }) {
  const colorOf = (name) => style.getPropertyValue(`--${name}`).trim();
  const [halo, sheet] = [colorOf("halo"), colorOf("sheet")];
  context.save();
  context.font = `600 ${TAG * 0.8 * unit}px ${style.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const draw = (kind, box, text = "", isBold = false) => {
    const color = colorOf(kind);
    const edges = onCanvas(box, place, unit);
    drawBox(context, edges, { color, halo, dashes: DASHES[kind], isBold, unit });
    if (text) drawTag(context, edges, { color, sheet, text, isFilled: kind === "sure", unit });
  };
  for (const box of reading.skipped) draw("skipped", box);
  for (const box of reading.faint) draw("unsure", box);
  for (const { text, sure, box } of reading.marks) draw(sure ? "sure" : "unsure", box, text);
  for (const [index, { value, sure, box }] of reading.digits.entries()) {
    if (sure && onlyUnclear) continue;
    const isBold = index === chosen && reading.digits.length > 1;
    draw(sure ? "sure" : "unsure", box, String(value), isBold);
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
    const [x0, y0, x1, y1] = onCanvas(box, place, devicePixelRatio);
    return x0 <= x && x <= x1 && y0 <= y && y <= y1;
  });
}

/** @param {number[]} box @param {Place} place @returns {number[]} its edges, clear of the ink */
function onCanvas([x0, y0, x1, y1], { left, top, scale }, unit) {
  const gap = GAP * unit;
  return [
    left + x0 * scale - gap,
    top + y0 * scale - gap,
    left + x1 * scale + gap,
    top + y1 * scale + gap,
  ];
}

function drawBox(context, [x0, y0, x1, y1], { color, halo, dashes, isBold, unit }) {
  const width = LINE * unit * (isBold ? 2 : 1);
  context.setLineDash([]);
  context.strokeStyle = halo; // on dark paper, too, the line is seen
  context.lineWidth = 2 * width;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  context.setLineDash(dashes.map((length) => length * unit));
  context.strokeStyle = color;
  context.lineWidth = width;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
}

/** What it is, over the box or, at the top of the sheet, under it; filled if it is sure. */
function drawTag(context, [x0, y0, , y1], { color, sheet, text, isFilled, unit }) {
  const side = TAG * unit;
  const top = y0 >= side ? y0 - side : y1;
  context.fillStyle = isFilled ? color : sheet;
  context.fillRect(x0, top, side, side);
  context.setLineDash([]);
  context.strokeStyle = color;
  context.lineWidth = unit;
  context.strokeRect(x0, top, side, side);
  context.fillStyle = isFilled ? sheet : color;
  context.fillText(text, x0 + side / 2, top + side * 0.55);
}
