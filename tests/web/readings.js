/** Readings as the server answers them, sure of everything unless a test says otherwise. */

/**
 * @param {number} value
 * @param {object} [changes] such as `{ sure: false }`
 * @returns {import("../../src/inkdigits/web/static/api.js").Digit}
 */
export function digit(value, changes = {}) {
  const probabilities = new Array(10).fill(0);
  probabilities[value] = 0.9876;
  const seen = Array.from({ length: 28 }, () => new Array(28).fill(0));
  const box = [0, 0, 10, 10];
  return { value, confidence: 0.9876, sure: true, box, probabilities, seen, ...changes };
}

/** One that is perhaps a 4. @param {number} value */
export function doubtful(value) {
  const probabilities = new Array(10).fill(0);
  probabilities[4] = 0.3141;
  probabilities[value] = 0.6;
  return digit(value, { confidence: 0.6, sure: false, probabilities });
}

/** @param {string} text of the mark @param {boolean} sure */
export function mark(text, sure) {
  return { text, confidence: 0.9, sure, box: [0, 0, 10, 10] };
}

/**
 * @param {string} text
 * @param {object} [changes]
 * @returns {import("../../src/inkdigits/web/static/api.js").Reading}
 */
export function reading(text, changes = {}) {
  return {
    text,
    confidence: 0.9876,
    sure: true,
    lines: text.split("\n"),
    digits: [...text.matchAll(/\d/g)].map(([value]) => digit(Number(value))),
    marks: [],
    skipped: [],
    turned: 0,
    warnings: [],
    faint: [],
    model: "6190cd9e3bea",
    ...changes,
  };
}
