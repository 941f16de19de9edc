/** Boxes around what was read: which digit is at a point of the sheet. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { digitAt } from "../../src/inkdigits/web/static/boxes.js";
import { digit, reading } from "./readings.js";

const NUMBER = reading("27", {
  digits: [digit(2, { box: [10, 20, 40, 80] }), digit(7, { box: [60, 20, 90, 80] })],
  skipped: [[100, 20, 120, 80]],
});

/** What a browser says of its screen. */
globalThis.devicePixelRatio = 1;
afterEach(() => {
  globalThis.devicePixelRatio = 1;
});

test("each digit is in the middle of its box", () => {
  const place = { left: 100, top: 50, scale: 2 };
  assert.equal(digitAt(place, NUMBER, 100 + 2 * 25, 50 + 2 * 50), 0);
  assert.equal(digitAt(place, NUMBER, 100 + 2 * 75, 50 + 2 * 50), 1);
});

test("between the digits, beside them and on what was left out is none", () => {
  const place = { left: 0, top: 0, scale: 1 };
  for (const [x, y] of [
    [50, 50],
    [25, 5],
    [25, 95],
    [110, 50],
    [-25, 50],
  ]) {
    assert.equal(digitAt(place, NUMBER, x, y), -1, `at ${x}, ${y}`);
  }
});

test("a box stands clear of the ink, on a dense screen by more of its pixels", () => {
  const place = { left: 0, top: 0, scale: 1 };
  assert.equal(digitAt(place, NUMBER, 7, 50), 0);
  assert.equal(digitAt(place, NUMBER, 5, 50), -1);
  globalThis.devicePixelRatio = 2;
  assert.equal(digitAt(place, NUMBER, 5, 50), 0);
});
