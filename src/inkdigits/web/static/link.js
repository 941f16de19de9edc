/**
 * A drawing as a short text, for a link that writes it again: whole numbers, each the difference to
 * the one of the point before, seven bits to a byte, in base64 for addresses.
 */

/** Parts of a height, and how far a point has to be from the last one to be kept. */
const UNIT = 400;
const NEAREST = 0.012;

const VERSION = 1;
const MOST_STROKES = 1000;

/** @param {{strokes: readonly import("./ink.js").Stroke[], aspect: number}} drawing @returns {string} */
export function encode({ strokes, aspect }) {
  const bytes = [VERSION];
  const put = (number) => {
    let rest = number < 0 ? -2 * number - 1 : 2 * number;
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  put(Math.round(UNIT * aspect));
  let last = [0, 0, 0];
  for (const stroke of strokes.slice(0, MOST_STROKES)) {
    const rounded = stroke.map(({ x, y, width }) => [x, y, width].map((value) => Math.round(UNIT * value)));
    const points = thinned(rounded); // which of what a link writes leaves nothing out
    put(points.length);
    for (const next of points) {
      next.forEach((value, i) => put(value - last[i]));
      last = next;
    }
  }
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/**
 * @param {string} text
 * @returns {{strokes: import("./ink.js").Stroke[], aspect: number} | null} null if it is none of ours
 */
export function decode(text) {
  const bytes = bytesOf(text);
  if (bytes?.shift() !== VERSION) return null;
  const next = () => {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.shift();
      if (byte === undefined || shift > 21) throw new RangeError("it breaks off");
      number |= (byte & 127) << shift;
      if (byte < 128) return number & 1 ? -(number + 1) / 2 : number / 2;
    }
  };
  try {
    const aspect = next() / UNIT;
    const last = [0, 0, 0];
    const strokes = [];
    while (bytes.length > 0) {
      const points = [];
      for (let count = next(); points.length < count;) {
        const [x, y, width] = last.map((_, i) => (last[i] += next()) / UNIT);
        points.push({ x, y, width });
      }
      if (points.length > 0) strokes.push(points);
    }
    const isWhole =
      0.5 <= aspect && aspect <= 4 && 0 < strokes.length && strokes.length <= MOST_STROKES;
    return isWhole && strokes.flat().every(isOnSheet) ? { strokes, aspect } : null;
  } catch {
    return null;
  }
}

/** A stroke may leave the sheet, but not by far. */
function isOnSheet({ x, y, width }) {
  return Math.abs(x) < 8 && Math.abs(y) < 8 && 0 < width && width < 1;
}

function bytesOf(text) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return [...binary].map((letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Without points that are close to the one before; the ends stay. @param {number[][]} stroke in units */
function thinned(stroke) {
  const kept = [stroke[0]];
  for (const [i, point] of stroke.entries()) {
    const last = kept[kept.length - 1];
    const isFar = Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAREST * UNIT;
    if (i > 0 && (isFar || i === stroke.length - 1)) kept.push(point);
  }
  return kept;
}
