/** A picture of one bit for each pixel, as a PNG. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, inflateSync } from "node:zlib";

import { pngOf } from "../../src/inkdigits/web/static/png.js";

/** Of 10 by 2 pixels: the first row white but for its last pixel, the second black. */
const DATA = new Uint8ClampedArray(4 * 20).fill(255, 0, 4 * 9);

test("each pixel is one bit, each row begins anew, and the chunks are whole", async () => {
  const file = Buffer.from(await (await pngOf({ data: DATA, width: 10, height: 2 })).arrayBuffer());
  assert.equal(file.subarray(1, 4).toString(), "PNG");
  const chunks = {};
  for (let at = 8; at < file.length;) {
    const size = file.readUInt32BE(at);
    const type = file.subarray(at + 4, at + 8).toString();
    chunks[type] = file.subarray(at + 8, at + 8 + size);
    if (crc32)
      assert.equal(file.readUInt32BE(at + 8 + size), crc32(file.subarray(at + 4, at + 8 + size)));
    at += 12 + size;
  }
  assert.deepEqual([...chunks.IHDR], [0, 0, 0, 10, 0, 0, 0, 2, 1, 0, 0, 0, 0]);
  assert.deepEqual([...inflateSync(chunks.IDAT)], [0, 0b11111111, 0b10000000, 0, 0, 0]);
  assert.ok(chunks.IEND);
});
