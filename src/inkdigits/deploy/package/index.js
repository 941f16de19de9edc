/** Reads handwritten digits where JavaScript runs, with onnxruntime-node or onnxruntime-web. */

import { greyOfPixels, UnreadablePicture } from "./reader/grey.js";
import { Reader as GreyReader } from "./reader/reader.js";
import { rules, versions } from "./models.js";

export { UnreadablePicture };

/** One that only that model file has. */
const OUTPUT = { "digits.onnx": "probabilities", "page.onnx": "crop" };

/** What to do with another model file. */
const INSTEAD = {
  "digits.onnx": "Make a package with the other one: inkdigits bundle npm OUT --model FILE.",
  "page.onnx": "Give the package's, which is in its folder models.",
};

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
      const content = model && (await contentOf(model));
      const session = await ort.InferenceSession.create(content || (await placeOf(name)));
      if (!session.outputNames.includes(OUTPUT[name])) {
        throw new TypeError(`What is given as ${name} is none: it has no output ${OUTPUT[name]}.`);
      }
      if (content) checkVersion(content, name);
      return session;
    };
    const sessions = [await load(digits, "digits.onnx"), await load(page, "page.onnx")];
    return new Reader(new GreyReader(ort, ...sessions, rules, versions["digits.onnx"]));
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

/** @param {string | Uint8Array} model */
async function contentOf(model) {
  if (typeof model !== "string") return model;
  if (!globalThis.process?.versions?.node) {
    const answer = await fetch(model);
    if (!answer.ok) throw new TypeError(`${model} cannot be fetched: status ${answer.status}.`);
    return answer.arrayBuffer();
  }
  const { readFile } = await import("node:fs/promises");
  return readFile(model);
}

/** The rules here are of the package's own files; a file ends with its SHA-256. */
function checkVersion(content, name) {
  const carried = new TextDecoder().decode(content.slice(-64));
  if (!/^[0-9a-f]{64}$/.test(carried) || carried.startsWith(versions[name])) return;
  throw new TypeError(
    `What is given as ${name} is version ${carried.slice(0, 12)}, and the package's is ` +
      `${versions[name]}. ${INSTEAD[name]}`,
  );
}

/** A file's path or, in a browser, its address. */
async function placeOf(name) {
  const url = new URL(`models/${name}`, import.meta.url);
  if (url.protocol !== "file:") return url.href;
  const { fileURLToPath } = await import("node:url");
  return fileURLToPath(url);
}
