/** A drawing as a text for a link. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { written } from "../../src/inkdigits/web/static/glyphs.js";
import { decode, encode } from "../../src/inkdigits/web/static/link.js";

const DRAWING = { strokes: written("2048", 0.04, 1.8), aspect: 1.8 };

test("a link writes the same strokes again, but for a quarter of a hundredth of the height", () => {
  const { strokes, aspect } = decode(encode(DRAWING));
  assert.equal(aspect, 1.8);
  assert.equal(strokes.length, DRAWING.strokes.length);
  for (const [i, stroke] of strokes.entries()) {
    const was = DRAWING.strokes[i];
    for (const [j, end] of [stroke[0], stroke.at(-1)].entries()) {
      for (const name of ["x", "y", "width"]) {
        assert.ok(Math.abs(end[name] - was.at(-j)[name]) <= 0.00126, `${i} ${name}`);
      }
    }
  }
});

test("what a link writes has the same link again, however dense its points were", () => {
  const point = (i) => ({ x: 0.2 + 0.0031 * i, y: 0.5 + 0.2 * Math.sin(0.019 * i), width: 0.04 });
  const dense = { strokes: [Array.from({ length: 300 }, (_, i) => point(i))], aspect: 1.8 };
  for (const drawing of [DRAWING, dense]) {
    const text = encode(drawing);
    assert.equal(encode(decode(text)), text);
  }
});

test("a number of four digits is a short text of an address's letters", () => {
  const text = encode(DRAWING);
  assert.match(text, /^[\w-]+$/);
  assert.ok(text.length < 400, String(text.length));
});

for (const [what, text] of [
  ["nothing", ""],
  ["no base64", "%%%"],
  ["another version", btoa("\x02\x03")],
  ["half a link", encode(DRAWING).slice(0, 90)],
  ["a sheet of no width", encode({ ...DRAWING, aspect: 0 })],
  ["no strokes", encode({ strokes: [], aspect: 1.8 })],
  ["a stroke far away", encode({ strokes: [[{ x: 99, y: 0, width: 0.04 }]], aspect: 1.8 })],
]) {
  test(`${what} is no drawing`, () => {
    assert.equal(decode(text), null);
  });
}
