/** What a sum comes to, and what is no sum. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sumOf } from "../../src/inkdigits/web/static/sums.js";

for (const [line, value] of [
  ["12+7", 19],
  ["12+7=", 19],
  ["2+3×4", 14],
  ["10-4÷2", 8],
  ["3,5+1.5", 5],
  ["0.1+0.2", 0.3],
  ["1-2+10", 9],
  ["12 + 7 =", 19],
  ["0,5+1,2345", 1.7345],
  ["0.125+1", 1.125],
  ["1234.567+1", 1235.567],
  ["123456×123456", 15241383936],
  ["4.35×100", 435],
]) {
  test(`${line} is ${value}`, () => {
    assert.deepEqual(sumOf(line), { value, claimed: null });
  });
}

test("what stands behind the sign = is told, too", () => {
  assert.deepEqual(sumOf("12+7=20"), { value: 19, claimed: 20 });
});

for (const line of [
  "2048",
  "12+",
  "+7",
  "3++4",
  "7÷0",
  "2024-11-26",
  "030-1234",
  "12:30",
  "3.1.4+1",
  "1=1=1",
  "12+7 305",
  "3+4 5+6",
  "1 3+4",
  "12+7=1 9",
  "3, 5+1",
  "1,000+5",
  "999+1=1,000",
  "1.000+5",
  "5+12.000.000",
  "9007199254740993-1",
  "99999999×99999999",
  "",
]) {
  test(`${line || "nothing"} is no sum`, () => {
    assert.equal(sumOf(line), null);
  });
}
