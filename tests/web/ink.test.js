/** How strokes are inked: what they ask of a canvas. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawStrokes } from "../../src/inkdigits/web/static/ink.js";

const HEIGHT = 200;
const CORNER = [
  { x: 0.2, y: 0.2, width: 0.04 },
  { x: 0.6, y: 0.2, width: 0.04 },
  { x: 0.6, y: 0.8, width: 0.08 },
];

/** A canvas that keeps what is asked of it: curves, dots and the scale, in the order they came. */
class Canvas {
  scales = [];
  curves = [];
  dots = [];

  save() {}
  restore() {}
  beginPath() {}
  fill() {}

  scale(x, y) {
    this.scales.push([x, y]);
  }

  moveTo(x, y) {
    this.start = [x, y];
  }

  quadraticCurveTo(handleX, handleY, x, y) {
    this.curve = { start: this.start, handle: [handleX, handleY], end: [x, y] };
  }

  stroke() {
    this.curves.push({ ...this.curve, width: this.lineWidth });
  }

  arc(x, y, radius) {
    this.dots.push([x, y, radius]);
  }
}

/** @param {import("../../src/inkdigits/web/static/ink.js").Stroke[]} strokes */
function inked(...strokes) {
  const canvas = new Canvas();
  drawStrokes(canvas, strokes, HEIGHT, "black");
  return canvas;
}

test("a stroke of one point is a dot as broad as the pen", () => {
  assert.deepEqual(inked([{ x: 0.5, y: 0.4, width: 0.06 }]).dots, [[0.5, 0.4, 0.03]]);
});

test("a drawing keeps its shape, as its unit is the sheet's height", () => {
  assert.deepEqual(inked(CORNER).scales, [[HEIGHT, HEIGHT]]);
});

test("a stroke goes from its first point to its last without a gap", () => {
  const { curves } = inked(CORNER);
  assert.deepEqual(curves[0].start, [0.2, 0.2]);
  assert.deepEqual(curves.at(-1).end, [0.6, 0.8]);
  for (const [index, { end }] of curves.slice(0, -1).entries()) {
    assert.deepEqual(curves[index + 1].start, end);
  }
});

test("a corner is rounded: the curve passes it by, from middle to middle", () => {
  const [before, after] = inked([...CORNER, { x: 0.2, y: 0.8, width: 0.08 }]).curves.slice(0, 2);
  assert.deepEqual(before.end, [0.4, 0.2]);
  assert.deepEqual(after, { start: [0.4, 0.2], handle: [0.6, 0.2], end: [0.6, 0.5], width: 0.06 });
});

test("a line is as broad as the pen was between two points", () => {
  const widths = inked(CORNER).curves.map(({ width }) => width);
  assert.deepEqual(widths, [0.04, 0.06]);
});

test("strokes are not joined with each other", () => {
  const { curves } = inked(CORNER, CORNER);
  assert.equal(curves.length, 4);
  assert.deepEqual(curves[2].start, [0.2, 0.2]);
});
