/** Strokes while they are being written. */

/** So many heights of the sheet a pen goes in a second, also from one stroke to the next. */
const SPEED = 2.4;

/**
 * What is written of the strokes after so many seconds.
 *
 * @param {readonly import("./ink.js").Stroke[]} strokes
 * @param {number} seconds
 * @returns {readonly import("./ink.js").Stroke[]} the strokes themselves once they are complete
 */
export function writtenIn(strokes, seconds) {
  const part = [];
  let left = seconds * SPEED;
  let last = null;
  for (const stroke of strokes) {
    const points = [];
    for (const point of stroke) {
      if (last) left -= Math.hypot(point.x - last.x, point.y - last.y);
      if (left < 0) return points.length ? [...part, points] : part;
      points.push(point);
      last = point;
    }
    part.push(stroke);
  }
  return strokes;
}
