/** How strokes are inked: where the nib of the pen goes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { nibsOf } from "../../src/inkdigits/web/static/ink.js";

const CORNER = [
  { x: 0.2, y: 0.2, width: 0.04 },
  { x: 0.6, y: 0.2, width: 0.04 },
  { x: 0.6, y: 0.8, width: 0.08 },
];

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

test("a stroke of one point is one nib as broad as the pen", () => {
  assert.deepEqual(nibsOf([CORNER[0]]), [CORNER[0]]);
});

test("a stroke goes from its first point to its last without a gap", () => {
  const nibs = nibsOf(CORNER);
  assert.deepEqual(nibs[0], CORNER[0]);
  assert.ok(distance(nibs.at(-1), CORNER[2]) < 1e-9);
  for (const [i, nib] of nibs.slice(1).entries()) assert.ok(distance(nibs[i], nib) < 0.021);
});

test("a corner is rounded: the nib passes it by", () => {
  const nearest = Math.min(...nibsOf(CORNER).map((nib) => distance(nib, CORNER[1])));
  assert.ok(0.05 < nearest && nearest < 0.15, String(nearest));
});

test("a line grows broader by and by", () => {
  const widths = nibsOf(CORNER).map(({ width }) => width);
  for (const [i, width] of widths.slice(1).entries()) {
    assert.ok(0 <= width - widths[i] && width - widths[i] < 0.002);
  }
  assert.equal(widths.at(-1), 0.08);
});
