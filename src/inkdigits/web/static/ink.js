/**
 * Strokes as vectors, and how they are inked. Coordinates and widths are parts of the sheet's
 * side, so that a drawing keeps its shape on any screen.
 *
 * @typedef {{x: number, y: number, width: number}} Point
 * @typedef {Point[]} Stroke
 */

/** The side of the picture that is sent: enough for the network, small enough to be fast. */
const SENT_SIDE = 280;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Stroke[]} strokes
 * @param {number} side of the sheet, in the context's pixels
 * @param {string} color
 */
export function drawStrokes(context, strokes, side, color) {
  context.save();
  context.scale(side, side);
  context.strokeStyle = context.fillStyle = color;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) drawStroke(context, stroke);
  context.restore();
}

/** @param {readonly Stroke[]} strokes @returns {Promise<Blob>} black on white */
export function toPng(strokes) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SENT_SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, SENT_SIDE, SENT_SIDE);
  drawStrokes(context, strokes, SENT_SIDE, "black");
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no PNG"))), "image/png");
  });
}

/** A curve through the middles between neighbouring points, with the points as its handles. */
function drawStroke(context, stroke) {
  const first = stroke[0];
  if (stroke.length === 1) {
    context.beginPath();
    context.arc(first.x, first.y, first.width / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  let start = first;
  for (let i = 1; i < stroke.length; i++) {
    const handle = stroke[i - 1];
    const end = i === stroke.length - 1 ? stroke[i] : middle(handle, stroke[i]);
    context.beginPath();
    context.lineWidth = (handle.width + stroke[i].width) / 2;
    context.moveTo(start.x, start.y);
    context.quadraticCurveTo(handle.x, handle.y, end.x, end.y);
    context.stroke();
    start = end;
  }
}

function middle(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, width: (a.width + b.width) / 2 };
}
