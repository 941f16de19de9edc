/** Strokes while they are being written. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { writtenIn } from "../../src/inkdigits/web/static/play.js";

const LINE = [0, 0.6, 1.2].map((x) => ({ x, y: 0.5, width: 0.04 }));
const STROKES = [LINE, LINE];

test("at first there is the first point, and at the end all", () => {
  assert.deepEqual(writtenIn(STROKES, 0), [[LINE[0]]]);
  assert.equal(writtenIn(STROKES, 60), STROKES);
});

test("a pen goes along the strokes one after the other, 2.4 heights a second", () => {
  assert.deepEqual(writtenIn(STROKES, 0.3), [LINE.slice(0, 2)]);
  assert.deepEqual(writtenIn(STROKES, 0.6), [LINE]);
  assert.deepEqual(writtenIn(STROKES, 1.3), [LINE, LINE.slice(0, 2)]);
});
