/** A reading in words: what is said of it, and what a screen reader says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  describeSeen,
  inWords,
  ordinal,
  sumsOf,
  toPercent,
} from "../../src/inkdigits/web/static/words.js";
import { digit, doubtful, mark, reading } from "./readings.js";

const SIGN = [210, 90, 260, 130];

/** A reading of which these digits, counted from 0, are doubtful. */
function doubting(text, ...places) {
  const digits = reading(text).digits.map(({ value }, place) =>
    places.includes(place) ? doubtful(value) : digit(value),
  );
  return reading(text, { sure: false, digits });
}

test("a sure reading is said to be, in one sentence without a figure", () => {
  assert.deepEqual(inWords(reading("7")), {
    title: "Sure",
    detail: "It is clear.",
    spoken: "Sure: 7.",
  });
  assert.equal(inWords(reading("12+7", { marks: [mark("+", true)] })).detail, "Every sign is clear.");
});

test("lines of numbers are spoken with a pause between them", () => {
  assert.equal(inWords(reading("2048\n17 5")).spoken, "Sure: 2048, 17 5.");
});

test("what a sum comes to is shown, and spoken behind it", () => {
  const sum = reading("12+7", { marks: [mark("+", true)] });
  assert.deepEqual(sumsOf(sum), ["= 19"]);
  assert.equal(inWords(sum).spoken, "Sure: 12+7, = 19.");
  assert.deepEqual(sumsOf(reading("12+7=19")), ["which is right"]);
  assert.deepEqual(sumsOf(reading("12+7=18")), ["in fact 19"]);
});

test("a doubtful digit alone could also be the likeliest other one", () => {
  const probabilities = new Array(10).fill(0.03);
  probabilities[3] = 0.4123;
  probabilities[8] = 0.3014;
  const three = digit(3, { confidence: 0.4123, sure: false, probabilities });
  const { title, detail, spoken } = inWords(reading("3", { sure: false, digits: [three] }));
  assert.equal(title, "Not sure");
  assert.equal(detail, "It could also be an 8.");
  assert.equal(spoken, `Not sure: perhaps 3. ${detail}`);
});

test("a digit that is likelier none than another one may be none", () => {
  const probabilities = new Array(10).fill(0);
  probabilities[7] = 0.8;
  const seven = digit(7, { sure: false, probabilities });
  assert.equal(inWords(reading("7", { sure: false, digits: [seven] })).detail, "It may be no digit.");
});

test("a digit that is like no other one, and doubtful all the same, is unlike most", () => {
  const probabilities = new Array(10).fill(0.0001);
  probabilities[7] = 0.999;
  const seven = digit(7, { sure: false, probabilities });
  assert.equal(inWords(reading("7", { sure: false, digits: [seven] })).detail, "It is unlike most 7s.");
});

test("one doubtful digit of a number is named, and what it may be", () => {
  const { detail, spoken } = inWords(doubting("205", 2));
  assert.equal(detail, "The 3rd digit could also be a 4.");
  assert.equal(spoken, `Not sure: perhaps 205. ${detail}`);
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
  [1, "The outlined sign was left out."],
  [2, "2 outlined signs were left out."],
]) {
  test(`that ${count === 1 ? "a sign was" : `${count} signs were`} left out is told`, () => {
    const skipped = new Array(count).fill(SIGN);
    const unsure = inWords(reading("20 5", { sure: false, skipped }));
    assert.equal(unsure.title, "Not sure");
    assert.equal(unsure.detail, words);
    assert.equal(unsure.spoken, `Not sure: perhaps 20 5. ${words}`);
    assert.equal(inWords(reading("20 5", { skipped })).detail, words);
  });
}

for (const [turned, words] of [
  [90, "Read with the picture turned a quarter clockwise."],
  [180, "Read with the picture turned upside down."],
  [270, "Read with the picture turned a quarter anticlockwise."],
]) {
  test(`a picture that was turned by ${turned} degrees is said to be`, () => {
    const { detail, spoken } = inWords(reading("25", { turned }));
    assert.equal(detail, words);
    assert.equal(spoken, `Sure: 25. ${words}`);
  });
}

test("why something may be missing is told", () => {
  const warnings = ["There are too many pieces."];
  const { title, detail } = inWords(reading("25", { sure: false, warnings }));
  assert.equal(title, "Not sure");
  assert.equal(detail, "There are too many pieces.");
});

test("a reading without any digit says so, and guesses nothing", () => {
  const { title, detail, spoken } = inWords(reading("", { sure: false, skipped: [SIGN] }));
  assert.equal(title, "No digit");
  assert.equal(detail, "What is outlined is no digit.");
  assert.equal(spoken, "No digit. The outlined sign was left out.");
});

test("a reading that is not sure though each sign is may miss something", () => {
  const { detail } = inWords(reading("25", { sure: false }));
  assert.equal(detail, "Something there may not have been read.");
});

test("what the network sees is told by its size, and how much of it is dark", () => {
  const seen = Array.from({ length: 28 }, () => new Array(28).fill(0));
  for (let y = 4; y < 24; y++) seen[y][14] = seen[y][15] = 0.9;
  const words = "ink 2 pixels wide and 20 high, 40 of 28 by 28 pixels dark";
  assert.equal(describeSeen(seen), words);
  assert.equal(describeSeen(undefined), "nothing yet");
});

test("ordinals end as in English", () => {
  const places = [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111];
  assert.equal(
    places.map(ordinal).join(" "),
    "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 101st 111th",
  );
});

test("no share is rounded up, above all not to 100 %", () => {
  assert.equal(toPercent(0.99999), "99.9");
  assert.equal(toPercent(0.9876), "98.7");
  assert.equal(toPercent(0), "0.0");
});
