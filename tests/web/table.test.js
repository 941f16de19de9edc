/** A reading as a table. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { tableOf } from "../../src/inkdigits/web/static/table.js";
import { digit, doubtful, mark, reading } from "./readings.js";

test("each line is a row and each number a cell, in quotes where it has a comma", () => {
  const read = reading("2048 3,14\n7", { marks: [mark(",", true)] });
  assert.equal(tableOf(read), '2048,"3,14"\r\n7\r\n');
});

test("a number with a doubtful digit or mark has a question mark behind it", () => {
  const digits = [digit(2), doubtful(0), digit(3), digit(1), digit(4), digit(7)];
  const read = reading("20 3,14\n7", { digits, marks: [mark(",", false)] });
  assert.equal(tableOf(read), '20?,"3,14?"\r\n7\r\n');
});

test("what a spreadsheet would take for a formula has a space before it, and no number has", () => {
  const marks = [..."=+-+-."].map((text) => mark(text, true));
  const read = reading("=12+7 -5+3 -2.5", { marks });
  assert.equal(tableOf(read), " =12+7, -5+3,-2.5\r\n");
});
