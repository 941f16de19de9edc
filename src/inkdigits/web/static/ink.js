/**
 * Strokes as vectors, and how they are inked. Coordinates and widths are parts of the sheet's
 * height, so that a drawing keeps its shape on any screen.
 *
 * @typedef {{x: number, y: number, width: number}} Point
 * @typedef {Point[]} Stroke
 */

/** The sheet's width, in its heights: room for a number, and for one large digit. */
export const ASPECT = 1.8;

/** The height of the picture that is sent: enough for the network, small enough to be fast. */
const SENT_HEIGHT = 280;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Stroke[]} strokes
 * @param {number} height of the sheet, in the context's pixels
 * @param {string} color
 */
export function drawStrokes(context, strokes, height, color) {
  context.save();
  context.scale(height, height);
  context.strokeStyle = context.fillStyle = color;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) drawStroke(context, stroke);
  context.restore();
}

/** @param {readonly Stroke[]} strokes @returns {Promise<Blob>} black on white */
export function toPng(strokes) {
  const canvas = document.createElement("canvas");
  canvas.width = SENT_HEIGHT * ASPECT;
  canvas.height = SENT_HEIGHT;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  drawStrokes(context, strokes, SENT_HEIGHT, "black");
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
