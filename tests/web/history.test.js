/** What lies on the sheet, and what lay there before. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { SheetHistory } from "../../src/inkdigits/web/static/history.js";

const ONE = [{ x: 0.5, y: 0.2, width: 0.05 }];
const BAR = [{ x: 0.2, y: 0.5, width: 0.05 }];
const DRAWN = { strokes: [ONE], picture: null };
const CROSSED = { strokes: [ONE, BAR], picture: null };
const PICTURED = { strokes: [], picture: { file: new Blob(), bitmap: null } };
const BLANK = { strokes: [], picture: null };

/** @type {SheetHistory} */
let history;
beforeEach(() => {
  history = new SheetHistory();
});

test("a new sheet is blank, and nothing can be undone", () => {
  assert.deepEqual(history.content, BLANK);
  assert.equal(history.canUndo, false);
});

test("undo takes back one stroke at a time, down to the blank sheet", () => {
  history.put(DRAWN);
  history.put(CROSSED);
  history.undo();
  assert.equal(history.content, DRAWN);
  assert.equal(history.canUndo, true);
  history.undo();
  assert.deepEqual(history.content, BLANK);
  assert.equal(history.canUndo, false);
});

test("undo on a new sheet does nothing", () => {
  history.undo();
  assert.deepEqual(history.content, BLANK);
  history.put(DRAWN);
  assert.equal(history.content, DRAWN);
});

test("clear empties the sheet, and undo brings back what lay there", () => {
  history.put(CROSSED);
  history.clear();
  assert.deepEqual(history.content, BLANK);
  history.undo();
  assert.equal(history.content, CROSSED);
});

test("to clear a blank sheet is nothing that could be undone", () => {
  history.clear();
  assert.equal(history.canUndo, false);
  history.put(DRAWN);
  history.clear();
  history.clear();
  history.undo();
  assert.equal(history.content, DRAWN);
});

test("undo brings back the drawing that a picture took the place of", () => {
  history.put(DRAWN);
  history.put(PICTURED);
  history.undo();
  assert.equal(history.content, DRAWN);
});

test("redo brings back what was undone, until something else is put there", () => {
  history.put(DRAWN);
  history.put(CROSSED);
  history.undo();
  history.undo();
  assert.equal(history.canRedo, true);
  history.redo();
  assert.equal(history.content, DRAWN);
  history.put(PICTURED);
  assert.equal(history.canRedo, false);
  history.redo();
  assert.equal(history.content, PICTURED);
});
