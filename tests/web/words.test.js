/** A reading in words: what is said of it, and what a screen reader says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { inWords, ordinal, rank, toPercent } from "../../src/inkdigits/web/static/words.js";
import { digit, doubtful, mark, reading } from "./readings.js";

const SIGN = [210, 90, 260, 130];

/** A reading of which these digits, counted from 0, are doubtful. */
function doubting(text, ...places) {
  const digits = reading(text).digits.map(({ value }, place) =>
    places.includes(place) ? doubtful(value) : digit(value),
  );
  return reading(text, { sure: false, digits });
}

/** Words whose guesses may be broken over lines, which is easier to compare. */
function withoutNoBreakSpaces(words) {
  return words.replaceAll("\u00a0", " ");
}

test("a sure reading says how certain it is", () => {
  assert.deepEqual(inWords(reading("7")), {
    title: "Sure",
    detail: "98.7 % certain",
    spoken: "7, 98.7 % certain.",
  });
});

test("lines of numbers are spoken with a pause between them", () => {
  assert.equal(inWords(reading("2048\n17 5")).spoken, "2048, 17 5, 98.7 % certain.");
});

test("a doubtful digit alone is said to be one of the likeliest two", () => {
  const probabilities = new Array(10).fill(0.03);
  probabilities[3] = 0.4123;
  probabilities[8] = 0.3014;
  const three = digit(3, { confidence: 0.4123, sure: false, probabilities });
  const { title, detail, spoken } = inWords(reading("3", { sure: false, digits: [three] }));
  assert.equal(title, "Not sure");
  assert.equal(withoutNoBreakSpaces(detail), "Perhaps a 3 (41.2 %), or an 8 (30.1 %).");
  assert.equal(spoken, `Not sure. ${detail}`);
});

test("a guess is never broken over two lines", () => {
  const { detail } = inWords(doubting("3", 0));
  assert.equal(detail, "Perhaps a\u00a03\u00a0(60.0\u00a0%), or a\u00a04\u00a0(31.4\u00a0%).");
});

test("one doubtful digit of a number is named, and what it may be", () => {
  const { detail, spoken } = inWords(doubting("205", 2));
  const words = "The 3rd digit is perhaps a 5 (60.0 %), or a 4 (31.4 %).";
  assert.equal(withoutNoBreakSpaces(detail), words);
  assert.equal(withoutNoBreakSpaces(spoken), `Not sure. Perhaps 205. ${words}`);
});

for (const [text, places, words] of [
  ["20485", [0, 1], "The 1st and 2nd digits are doubtful."],
  ["20485", [0, 1, 4], "The 1st, 2nd, and 5th digits are doubtful."],
  ["20485", [0, 1, 2, 4], "4 of the 5 digits are doubtful."],
  ["20485", [0, 1, 2, 3, 4], "All 5 digits are doubtful."],
  ["20", [0, 1], "Both digits are doubtful."],
]) {
  test(`of ${text.length} digits ${places.length} doubtful ones are named or counted`, () => {
    assert.equal(inWords(doubting(text, ...places)).detail, words);
  });
}

test("a doubtful mark is named, and several are counted", () => {
  const one = [mark(",", false), mark("+", true)];
  const two = [mark(",", false), mark("+", false)];
  const detail = (marks) => inWords(reading("20,5+1", { sure: false, marks })).detail;
  assert.equal(detail(one), "The mark “,” is doubtful.");
  assert.equal(detail(two), "2 of the marks are doubtful.");
});

for (const [count, words] of [
  [1, "A sign was left out."],
  [2, "2 signs were left out."],
]) {
  test(`that ${count === 1 ? "a sign was" : `${count} signs were`} left out is told`, () => {
    const skipped = new Array(count).fill(SIGN);
    const unsure = inWords(reading("20 5", { sure: false, skipped }));
    assert.equal(unsure.title, "Not sure");
    assert.equal(unsure.detail, words);
    assert.equal(unsure.spoken, `Not sure. Perhaps 20 5. ${words}`);
    assert.equal(inWords(reading("20 5", { skipped })).detail, `98.7 % certain. ${words}`);
  });
}

for (const [turned, words] of [
  [90, "Read with the picture turned a quarter clockwise."],
  [180, "Read with the picture turned upside down."],
  [270, "Read with the picture turned a quarter anticlockwise."],
]) {
  test(`a picture that was turned by ${turned} degrees is said to be`, () => {
    const { detail, spoken } = inWords(reading("25", { turned }));
    assert.equal(detail, `98.7 % certain. ${words}`);
    assert.equal(spoken, `25, 98.7 % certain. ${words}`);
  });
}

test("why something may be missing is told", () => {
  const warnings = ["There are too many pieces."];
  const { title, detail } = inWords(reading("25", { sure: false, warnings }));
  assert.equal(title, "Not sure");
  assert.equal(detail, "There are too many pieces.");
});

test("a reading without any digit says so, and guesses nothing", () => {
  const { detail, spoken } = inWords(reading("", { sure: false, skipped: [SIGN] }));
  assert.equal(detail, "There is no digit. A sign was left out.");
  assert.equal(spoken, `Not sure. ${detail}`);
});

test("a reading that is not sure for no known reason still says how certain it is", () => {
  assert.equal(inWords(reading("25", { sure: false })).detail, "98.7 % certain");
});

test("ordinals end as in English", () => {
  const places = [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111];
  assert.equal(
    places.map(ordinal).join(" "),
    "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 101st 111th",
  );
});

test("the ranking goes from the likeliest digit to the least likely", () => {
  const probabilities = [0.01, 0.02, 0.03, 0.04, 0.05, 0.4, 0.06, 0.3, 0.08, 0.01];
  assert.deepEqual(rank(probabilities), [5, 7, 8, 6, 4, 3, 2, 1, 0, 9]);
});

test("no share is rounded up, above all not to 100 %", () => {
  assert.equal(toPercent(0.99999), "99.9");
  assert.equal(toPercent(0.9876), "98.7");
  assert.equal(toPercent(0), "0.0");
});
