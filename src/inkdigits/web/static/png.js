/** Black on white as a PNG of one bit for each pixel: a tenth of what a canvas makes of it. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY_OF_ONE_BIT = [1, 0, 0, 0, 0];
const HALF = 128;

const CRCS = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});

/** @param {ImageData} picture opaque grey @returns {Promise<Blob>} */
export async function pngOf({ data, width, height }) {
  const header = new Uint8Array([...bigEndian(width), ...bigEndian(height), ...GREY_OF_ONE_BIT]);
  const packed = new Blob([rowsOf(data, width, height)]).stream();
  const deflated = new Response(packed.pipeThrough(new CompressionStream("deflate")));
  const content = new Uint8Array(await deflated.arrayBuffer());
  const chunks = [chunk("IHDR", header), chunk("IDAT", content), chunk("IEND", new Uint8Array())];
  return new Blob([new Uint8Array(SIGNATURE), ...chunks], { type: "image/png" });
}

/** Eight pixels to a byte, and before each row the 0 that says it is as it is. */
function rowsOf(data, width, height) {
  const length = 1 + Math.ceil(width / 8);
  const rows = new Uint8Array(length * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[4 * (y * width + x)] >= HALF) rows[y * length + 1 + (x >> 3)] |= 128 >> (x & 7);
    }
  }
  return rows;
}

/** @param {string} type @param {Uint8Array} content */
function chunk(type, content) {
  const checked = new Uint8Array([...new TextEncoder().encode(type), ...content]);
  let crc = ~0;
  for (const byte of checked) crc = CRCS[(crc ^ byte) & 255] ^ (crc >>> 8);
  return new Uint8Array([...bigEndian(content.length), ...checked, ...bigEndian(~crc)]);
}

function bigEndian(value) {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}
