/** Digits and signs as a pen writes them: what is typed is written on the sheet, and so are examples. */

/**
 * The strokes of each sign: x and y of the handles of its curves, in hundredths of a digit's height
 * from the upper left. A handle that is there twice is a corner.
 */
const SIGNS = {
  0: [[34, 0, 8, -2, -2, 35, -2, 70, 10, 103, 40, 104, 57, 70, 57, 30, 45, -2, 24, 0]],
  1: [[8, 22, 30, 0, 30, 0, 27, 50, 25, 100]],
  2: [[2, 26, 6, -6, 54, -10, 56, 32, 40, 60, 1, 99, 1, 99, 28, 97, 60, 99]],
  3: [[4, 12, 18, -8, 58, -6, 57, 32, 40, 47, 18, 47, 18, 47, 48, 46, 64, 60, 62, 100, 22, 110, 0, 90]],
  4: [
    [30, 0, 15, 35, 0, 62, 0, 62, 30, 62, 60, 60],
    [45, 30, 43, 65, 41, 102],
  ],
  5: [
    [10, 0, 7, 42, 7, 42, 30, 26, 64, 40, 62, 98, 22, 110, 0, 92],
    [10, 0, 34, 1, 56, -1],
  ],
  6: [[46, 0, 15, 14, -4, 55, 0, 100, 30, 108, 58, 98, 58, 56, 32, 46, 10, 58, 4, 76]],
  7: [[0, 2, 28, 2, 56, 0, 56, 0, 36, 42, 22, 101]],
  8: [
    [
      50, 12, 36, -8, 2, -4, 2, 30, 28, 46, 60, 66, 58, 106, 26, 106, -4, 104, -2, 68, 30, 46, 54, 28,
      50, 6,
    ],
  ],
  9: [[53, 12, 38, -8, 2, -6, -2, 44, 20, 58, 48, 46, 54, 8, 54, 8, 52, 50, 44, 102]],
  "+": [
    [0, 60, 25, 60, 50, 60],
    [25, 35, 25, 60, 25, 85],
  ],
  "-": [[0, 60, 24, 60, 46, 59]],
  "×": [
    [5, 40, 24, 61, 43, 82],
    [43, 40, 24, 61, 5, 82],
  ],
  "/": [[42, 0, 21, 50, 0, 100]],
  "=": [
    [0, 50, 24, 50, 48, 50],
    [0, 74, 24, 74, 48, 74],
  ],
  ".": [[8, 98]],
  ",": [[10, 94, 8, 104, 1, 114]],
};

/** From a sign to the next, and as wide as a space is, in heights. */
const GAP = 0.3;
const SPACE = 0.5;

/** In which a line of signs is written, and in the margins of which it is not. */
const MARGIN = 0.2;

/** What is typed for a sign that few keyboards have. */
const TYPED = new Map([
  ["*", "×"],
  ["x", "×"],
]);

/** @param {string} key @returns {string | null} the sign that is written for it */
export function signOf(key) {
  const sign = TYPED.get(key) ?? key;
  return Object.hasOwn(SIGNS, sign) || sign === " " ? sign : null;
}

/**
 * In the middle of a sheet, as large as it fits but at most two rules high.
 *
 * @param {string} text of signs that there are
 * @param {number} pen its width
 * @param {number} aspect of the sheet
 * @returns {import("./ink.js").Stroke[]}
 */
export function written(text, pen, aspect) {
  const wide = Math.max(...text.split("\n").map(widthOf));
  const height = Math.min(0.5, (aspect - 2 * MARGIN) / wide);
  const left = (aspect - height * wide) / 2;
  const bottom = 0.5 + height / 2;
  return strokesOf(text, { height, left, bottom: Math.ceil(4 * bottom) / 4 - pen, pen });
}

function strokesOf(text, { height, left, bottom, pen }) {
  let x = left;
  return [...text].flatMap((sign) => {
    const strokes = (SIGNS[sign] ?? []).map((numbers) => {
      const points = [];
      for (let i = 0; i < numbers.length; i += 2) {
        const [across, down] = [numbers[i] / 100, numbers[i + 1] / 100 - 1];
        points.push({ x: x + height * across, y: bottom + height * down, width: pen });
      }
      return points;
    });
    x += height * advanceOf(sign);
    return strokes;
  });
}

function widthOf(text) {
  return [...text].reduce((sum, sign) => sum + advanceOf(sign), -GAP);
}

function advanceOf(sign) {
  const strokes = SIGNS[sign];
  if (!strokes) return SPACE;
  return Math.max(...strokes.flat().filter((_, i) => i % 2 === 0)) / 100 + GAP;
}
