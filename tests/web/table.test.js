/** A reading as a table. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { tableOf } from "../../src/inkdigits/web/static/table.js";

test("each line is a row and each number a cell, in quotes where it has a comma", () => {
  assert.equal(tableOf({ lines: ["2048 3,14", "7"] }), '2048,"3,14"\r\n7\r\n');
});
