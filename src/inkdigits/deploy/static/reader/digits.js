/**
 * `digits.onnx` at work, and whether a picture is of one digit alone: what `recognition/digits.py`
 * does, where each number below is explained.
 *
 * @typedef {import("../../../web/static/api.js").Digit} Digit
 * @typedef {{data: Uint8Array, width: number, height: number}} Grey
 */

const ALONE_FROM = 0.999;
const WIDEST = 1.3;
const LEAST_SHARE = 1 / 8;
const CLEAN = 0.3;
const INK = 0.3;

/**
 * @param {any} session of `digits.onnx`
 * @param {any} picture a tensor, uint8 (N, H, W)
 * @returns {Promise<(Digit | null)[]>} null where nothing is written
 */
export async function readDigits(session, picture) {
  const { probabilities, seen, box, has_ink, sure } = await session.run({ picture });
  return Array.from(has_ink.data, (hasInk, row) => {
    if (!hasInk) return null;
    const shares = [...probabilities.data.slice(10 * row, 10 * row + 10)];
    const confidence = Math.max(...shares);
    const lines = Array.from({ length: 28 }, (_, y) => {
      const start = 28 * (28 * row + y);
      return [...seen.data.slice(start, start + 28)];
    });
    return {
      value: shares.indexOf(confidence),
      confidence,
      sure: Boolean(sure.data[row]),
      box: [...box.data.slice(4 * row, 4 * row + 4)],
      probabilities: shares,
      seen: lines,
    };
  });
}

/** Whether a picture surely holds that one digit alone. @param {Grey} picture @param {Digit} digit */
export function isAlone(picture, digit) {
  const [x0, y0, x1, y1] = digit.box;
  const [width, height] = [x1 - x0, y1 - y0];
  return (
    digit.sure &&
    digit.confidence >= ALONE_FROM &&
    width <= WIDEST * height &&
    Math.max(width, height) >= LEAST_SHARE * Math.max(picture.width, picture.height) &&
    isCleanAround(picture, digit.box) &&
    isConnected(digit.seen)
  );
}

/** Whether there is only clean paper around a box. @param {Grey} picture @param {number[]} box */
export function isCleanAround({ data, width, height }, [x0, y0, x1, y1]) {
  const step = Math.floor(Math.max(width, height) / 48) + 1;
  const sample = [];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) sample.push(data[y * width + x]);
  }
  const paper = median(sample);
  /** How far what is darkest and what is lightest is from the paper. */
  const farthest = (left, top, right, bottom) => {
    let far = -Infinity;
    for (let y = top; y < Math.min(bottom, height); y++) {
      for (let x = left; x < Math.min(right, width); x++) {
        far = Math.max(far, Math.abs(data[y * width + x] - paper));
      }
    }
    return far;
  };
  const most = CLEAN * farthest(x0, y0, x1, y1);
  const soft = roundHalfEven(0.03 * Math.max(x1 - x0, y1 - y0)) + 1;
  const [left, top, right, bottom] = [Math.max(x0 - soft, 0), Math.max(y0 - soft, 0), x1 + soft, y1 + soft];
  return (
    farthest(0, 0, width, top) <= most &&
    farthest(0, bottom, width, height) <= most &&
    farthest(0, top, left, bottom) <= most &&
    farthest(right, top, width, bottom) <= most
  );
}

/** Whether all ink is one piece; diagonals connect. @param {number[][]} seen */
function isConnected(seen) {
  const width = seen[0].length + 2;
  const places = seen.flatMap((line, y) =>
    line.map((ink, x) => (ink > INK ? (y + 1) * width + x + 1 : 0)),
  );
  const left = new Set(places.filter(Boolean));
  const reached = [...left].slice(0, 1);
  left.delete(reached[0]);
  while (reached.length > 0) {
    const place = reached.pop();
    for (const row of [place - width, place, place + width]) {
      for (const near of [row - 1, row, row + 1]) if (left.delete(near)) reached.push(near);
    }
  }
  return left.size === 0;
}

function median(values) {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** As Python does. */
function roundHalfEven(value) {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
}
