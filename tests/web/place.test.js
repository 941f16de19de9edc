/** Where a picture lies on the sheet, and the shape that it gives the sheet. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { aspectFor, placeOf } from "../../src/inkdigits/web/static/place.js";

const SHEET = { width: 900, height: 500 };

test("the sheet takes the shape of a picture", () => {
  assert.equal(aspectFor({ width: 300, height: 200 }), 1.5);
});

test("the sheet is never narrower than high, nor wider than 2.4 times that", () => {
  assert.equal(aspectFor({ width: 100, height: 1000 }), 1);
  assert.equal(aspectFor({ width: 1000, height: 100 }), 2.4);
});

test("a picture of the sheet's shape fills it", () => {
  assert.deepEqual(placeOf({ width: 180, height: 100 }, SHEET), { left: 0, top: 0, scale: 5 });
});

test("a wide picture lies in the middle of the height", () => {
  assert.deepEqual(placeOf({ width: 1800, height: 200 }, SHEET), { left: 0, top: 200, scale: 0.5 });
});

test("a high picture lies in the middle of the width", () => {
  assert.deepEqual(placeOf({ width: 100, height: 1000 }, SHEET), { left: 425, top: 0, scale: 0.5 });
});
