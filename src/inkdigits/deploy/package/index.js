/** Reads handwritten digits where JavaScript runs, with onnxruntime-node or onnxruntime-web. */

import { greyOfPixels, UnreadablePicture } from "./reader/grey.js";
import { Reader as GreyReader } from "./reader/reader.js";
import { rules, version } from "./models.js";

export { UnreadablePicture };

export class Reader {
  #reader;

  /** Make one with `Reader.open`. */
  constructor(reader) {
    this.#reader = reader;
  }

  static async open(ort, { digits, page } = {}) {
    const load = async (model, name) => ort.InferenceSession.create(model ?? (await placeOf(name)));
    const sessions = [await load(digits, "digits.onnx"), await load(page, "page.onnx")];
    return new Reader(new GreyReader(ort, ...sessions, rules, version));
  }

  async read(pixels, hints = {}) {
    return this.#reader.read(greyOfPixels(pixels), hints);
  }
}

/** A file's path or, in a browser, its address. */
async function placeOf(name) {
  const url = new URL(`models/${name}`, import.meta.url);
  if (url.protocol !== "file:") return url.href;
  const { fileURLToPath } = await import("node:url");
  return fileURLToPath(url);
}
