/** Reads handwritten digits where JavaScript runs, with onnxruntime-node or onnxruntime-web. */

import { greyOfPixels, UnreadablePicture } from "./reader/grey.js";
import { Reader as GreyReader } from "./reader/reader.js";
import { rules, version } from "./models.js";

export { UnreadablePicture };

/** One that only that model file has. */
const OUTPUT = { "digits.onnx": "probabilities", "page.onnx": "crop" };

export class Reader {
  #reader;

  /** Make one with `Reader.open`. */
  constructor(reader) {
    this.#reader = reader;
  }

  static async open(ort, { digits, page } = {}) {
    if (typeof ort?.InferenceSession?.create !== "function") {
      throw new TypeError(
        'Reader.open takes ONNX Runtime, such as: import * as ort from "onnxruntime-node".',
      );
    }
    const load = async (model, name) => {
      const session = await ort.InferenceSession.create(model ?? (await placeOf(name)));
      if (session.outputNames.includes(OUTPUT[name])) return session;
      throw new TypeError(`What is given as ${name} is none: it has no output ${OUTPUT[name]}.`);
    };
    const sessions = [await load(digits, "digits.onnx"), await load(page, "page.onnx")];
    return new Reader(new GreyReader(ort, ...sessions, rules, version));
  }

  async read(pixels, hints) {
    const type = pixels?.data?.[Symbol.toStringTag];
    if (!["Uint8Array", "Uint8ClampedArray"].includes(type)) {
      throw new UnreadablePicture(
        "Give pixels as {data, width, height}, such as an ImageData: data is an Uint8Array or " +
          `Uint8ClampedArray, and not ${type ?? typeof pixels?.data}.`,
      );
    }
    return this.#reader.read(greyOfPixels(pixels), hints ?? {});
  }
}

/** A file's path or, in a browser, its address. */
async function placeOf(name) {
  const url = new URL(`models/${name}`, import.meta.url);
  if (url.protocol !== "file:") return url.href;
  const { fileURLToPath } = await import("node:url");
  return fileURLToPath(url);
}
