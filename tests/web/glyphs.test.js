/** Digits and signs as a pen writes them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { signOf, written } from "../../src/inkdigits/web/static/glyphs.js";

test("what is typed for a sign is found, and other keys write nothing", () => {
  assert.deepEqual(["7", "+", "*", "x", " "].map(signOf), ["7", "+", "×", "×", " "]);
  assert.deepEqual(["a", "Tab", "F5", "toString"].map(signOf), [null, null, null, null]);
});

for (const aspect of [1.25, 1.8]) {
  for (const text of ["7", "2048", "12+7", "12345678901234567890"]) {
    test(`${text} stays on a sheet of ${aspect} heights`, () => {
      const points = written(text, 0.04, aspect).flat();
      for (const { x, y } of points) {
        assert.ok(0 < x && x < aspect && 0 < y && y < 1, `${x} ${y}`);
      }
    });
  }
}
