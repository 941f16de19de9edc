/**
 * A picture file as the browser decodes it becomes eight bits of grey, the right way up: what
 * `picture/grey.py` and `colours.py` do, where each number below is explained.
 *
 * @typedef {import("./digits.js").Grey} Grey
 * @typedef {{start: number, rgba: Uint8Array | Uint8ClampedArray}} Band whole rows, from a pixel on
 * @typedef {{width: number, height: number, bands: () => Iterable<Band>}} Pixels
 */

const MAX_PIXELS = 50_000_000;
const MAX_SIDE = 20_000;
const BAND = 2 ** 20;
const OWN_CONTRAST = 64;
const SAMPLES = 400;
const AROUND = 20;
const INK_SHARE = 0.01;
const PALE = 60;
const CLEARER = 1.6;
const LEAST = 25;

/** Says in words why there is no picture to read. */
export class UnreadablePicture extends Error {}

/** @param {Blob} file @returns {Promise<Grey>} */
export async function toGrey(file) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(file, options).catch(() => {
    throw new UnreadablePicture(
      "This browser cannot decode the picture. Save it as an ordinary PNG or JPEG.",
    );
  });
  try {
    const { width, height } = bitmap;
    checkSize(bitmap);
    return greyOf({ width, height, bands: () => bandsOf(bitmap) });
  } finally {
    bitmap.close();
  }
}

/**
 * @param {{data: Uint8Array | Uint8ClampedArray, width: number, height: number}} pixels red, green,
 *   blue and alpha of each, of a picture that is upright
 * @returns {Grey}
 */
export function greyOfPixels({ data, width, height }) {
  if (![width, height].every((side) => Number.isInteger(side) && side > 0)) {
    throw new UnreadablePicture(
      `The picture is ${width} x ${height} pixels. Give whole numbers from 1 on.`,
    );
  }
  checkSize({ width, height });
  if (data.length !== 4 * width * height) {
    throw new UnreadablePicture(
      `The picture has ${data.length} bytes. Give 4 for each of its ${width} x ${height} pixels.`,
    );
  }
  return greyOf({ width, height, bands: () => [{ start: 0, rgba: data }] });
}

/** The picture, as many whole times smaller as its longer side needs; areas are averaged. */
export function reduced(/** @type {Grey} */ picture, /** @type {number} */ side) {
  const factor = timesSmaller(picture, side);
  if (factor === 1) return picture;
  const { data, width, height } = picture;
  const [wide, high] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const small = new Uint8Array(wide * high);
  for (let y = 0; y < high; y++) {
    const bottom = Math.min((y + 1) * factor, height);
    for (let x = 0; x < wide; x++) {
      const right = Math.min((x + 1) * factor, width);
      let sum = 0;
      for (let v = y * factor; v < bottom; v++) {
        for (let u = x * factor; u < right; u++) sum += data[v * width + u];
      }
      const area = (bottom - y * factor) * (right - x * factor);
      small[y * wide + x] = Math.floor(sum / area + 0.5);
    }
  }
  return { data: small, width: wide, height: high };
}

/** @param {{width: number, height: number}} picture @param {number} side */
export function timesSmaller({ width, height }, side) {
  return Math.ceil(Math.max(width, height) / side);
}

function checkSize({ width, height }) {
  if (Math.max(width, height) > MAX_SIDE) {
    throw new UnreadablePicture(
      `The picture is ${width} x ${height} pixels, and the limit for a side is 20,000. ` +
        "Cut it, or make it smaller.",
    );
  }
  if (width * height > MAX_PIXELS) {
    throw new UnreadablePicture(
      `The picture is ${width} x ${height} pixels, and the limit is 50 megapixels. ` +
        "Make it smaller.",
    );
  }
}

/** @param {Pixels} picture @returns {Grey} */
function greyOf(picture) {
  const { width, height } = picture;
  const data = new Uint8Array(width * height);
  const alpha = new Uint8Array(width * height);
  let isOpaque = true;
  let hasColours = false;
  for (const { start, rgba } of picture.bands()) {
    for (let i = 0, at = start; i < rgba.length; i += 4, at++) {
      const red = rgba[i];
      const green = rgba[i + 1];
      const blue = rgba[i + 2];
      data[at] = luminance(red, green, blue);
      alpha[at] = rgba[i + 3];
      isOpaque &&= alpha[at] === 255;
      hasColours ||= red !== green || green !== blue;
    }
  }
  const grey = { data, width, height };
  if (!isOpaque) {
    layOn(grey, alpha);
    return grey;
  }
  const channel = hasColours ? clearestChannel(picture) : null;
  if (channel === null) return grey;
  for (const { start, rgba } of picture.bands()) {
    for (let i = 0; i < rgba.length; i += 4) data[start + i / 4] = rgba[i + channel];
  }
  return grey;
}

/** The picture in bands, as no browser has room for all of a large one on one canvas. */
function* bandsOf(bitmap) {
  const { width, height } = bitmap;
  const rows = Math.min(Math.max(Math.floor(BAND / width), 1), height);
  const canvas = new OffscreenCanvas(width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.globalCompositeOperation = "copy";
  for (let top = 0; top < height; top += rows) {
    context.drawImage(bitmap, 0, -top);
    const count = Math.min(rows, height - top);
    yield { start: top * width, rgba: context.getImageData(0, 0, width, count).data };
  }
}

/** As Pillow rounds it. */
function luminance(red, green, blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Lay a partly transparent picture on the background that lets its ink stand out. */
function layOn({ data, width }, alpha) {
  const background = backgroundOf(data, alpha, width);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.round((data[i] * alpha[i] + background * (255 - alpha[i])) / 255);
  }
}

/** @param {Uint8Array} data @param {Uint8Array} alpha @param {number} width */
function backgroundOf(data, alpha, width) {
  const opaque = new Array(256).fill(0);
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (alpha[i] === 0) continue;
    opaque[data[i]] += alpha[i];
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  }
  if (right === 0) return 255; // nothing is opaque
  for (let level = 1; level < 256; level++) opaque[level] += opaque[level - 1];
  const levelAt = (share) => opaque.findIndex((sum) => sum >= share * opaque[255]);
  const [darkest, median, lightest] = [0.001, 0.5, 0.999].map(levelAt);
  const isSolid = opaque[255] / 255 > ((right - left) * (bottom - top)) / 2;
  if (isSolid && lightest - darkest >= OWN_CONTRAST) return median;
  return median < 128 ? 255 : 0;
}

/** The channel in which pale ink stands out: 0, 1, 2; null if it does in luminance. */
function clearestChannel(picture) {
  const { planes, width, height } = sample(picture);
  const inLuminance = contrast(/** @type {Uint8Array} */ (planes.pop()), width, height);
  if (inLuminance > PALE) return null;
  const contrasts = planes.map((plane) => contrast(plane, width, height));
  const most = Math.max(...contrasts);
  return most > Math.max(CLEARER * inLuminance, LEAST) ? contrasts.indexOf(most) : null;
}

/** Red, green, blue and luminance of pixels that are picked out: thin lines keep their contrast. */
function sample(picture) {
  const side = Math.max(picture.width, picture.height);
  const [width, height] = [picture.width, picture.height].map((length) =>
    side > SAMPLES ? Math.max(Math.floor((length * SAMPLES) / side), 1) : length,
  );
  const planes = [0, 1, 2, 3].map(() => new Uint8Array(width * height));
  let y = 0;
  for (const { start, rgba } of picture.bands()) {
    const top = start / picture.width;
    const bottom = top + rgba.length / 4 / picture.width;
    for (; y < height; y++) {
      const row = Math.floor(((y + 0.5) * picture.height) / height);
      if (row >= bottom) break;
      for (let x = 0; x < width; x++) {
        const column = Math.floor(((x + 0.5) * picture.width) / width);
        const pixel = 4 * ((row - top) * picture.width + column);
        const [red, green, blue] = rgba.subarray(pixel, pixel + 3);
        const values = [red, green, blue, luminance(red, green, blue)];
        for (const [plane, value] of values.entries()) planes[plane][y * width + x] = value;
      }
    }
  }
  return { planes, width, height };
}

/** How far what differs most is from what is around it, in grey levels. */
function contrast(plane, width, height) {
  const around = blurred(blurred(plane, width, height), height, width);
  const counts = new Array(256).fill(0);
  for (const [i, value] of plane.entries()) counts[Math.abs(value - around[i])]++;
  const place = (1 - INK_SHARE) * (plane.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)].map((rank) => {
    let before = 0;
    return counts.findIndex((count) => (before += count) > rank);
  });
  return low + (high - low) * (place - Math.floor(place));
}

/** Means along each row, whose ends go on beyond it; turned over its diagonal. */
function blurred(plane, width, height) {
  const means = new Uint8Array(plane.length);
  for (let y = 0; y < height; y++) {
    const at = (x) => plane[y * width + Math.min(Math.max(x, 0), width - 1)];
    let sum = 0;
    for (let x = -AROUND - 1; x < AROUND; x++) sum += at(x);
    for (let x = 0; x < width; x++) {
      sum += at(x + AROUND) - at(x - AROUND - 1);
      means[x * height + y] = Math.floor(sum / (2 * AROUND + 1) + 0.5);
    }
  }
  return means;
}
