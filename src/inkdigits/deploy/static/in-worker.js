/** Reads in this browser, in a worker: what reads for the bundled page and for `<ink-digits>`. */

import { Refused, Unreachable } from "./api.js";

const MOST_BYTES = 32 * 2 ** 20;
const WORKER = new URL("reader/worker.js", import.meta.url);

const NOT_LOADED = /** @type {const} */ ([
  "The reader cannot be loaded",
  "What is on the sheet stays, and is read as soon as the network is back.",
]);
/** Not asked again by itself: what is too much for it would be too much each time. */
const STOPPED = "The reader has stopped, and begins anew with what comes next. Of a large photo cut out a part.";

/** @typedef {import("./reader/reader.js").Hints} Hints */

/** Whether the model files can run here; what is missing, in words, or "". */
export const missing =
  typeof WebAssembly === "object" ? "" : "This browser has no WebAssembly, or it is switched off.";

/** @type {Promise<Worker> | null} */
let ready = null;
/** What was asked and is not answered, by its number. @type {Map<number, {resolve, reject}>} */
const asked = new Map();
let count = 0;

/** @param {(share: number) => void} [onProgress] */
export async function prepare(onProgress = () => {}) {
  if (missing) throw new Refused(missing);
  ready ??= start(onProgress);
  await ready;
  return { bytes: MOST_BYTES };
}

/** @param {Blob} picture @param {AbortSignal} signal @param {Hints} [hints] */
export async function read(picture, signal, hints = {}) {
  await prepare();
  const worker = await ready;
  const id = count++;
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    asked.set(id, { resolve, reject });
    worker.postMessage({ id, picture, hints });
  });
}

/** @param {(share: number) => void} onProgress @returns {Promise<Worker>} */
function start(onProgress) {
  return new Promise((resolve, reject) => {
    const worker = makeWorker();
    let isReady = false;
    const fail = (reason) => {
      console.error(reason);
      worker.terminate();
      ready = null; // so that the next who asks tries again
      const notLoaded = new Unreachable(...NOT_LOADED);
      reject(notLoaded);
      const [culprit, ...others] = asked.values(); // they are read in this order
      culprit?.reject(isReady ? new Refused(STOPPED) : notLoaded);
      for (const waiting of others) waiting.reject(notLoaded);
      asked.clear();
    };
    worker.onerror = (event) => fail(event.message);
    worker.onmessage = ({ data }) => {
      if (data.failed) fail(data.failed);
      else if (data.ready) {
        isReady = true;
        resolve(worker);
      } else if (data.total) onProgress(data.loaded / data.total);
      else answer(data);
    };
  });
}

/** Another site's page may not run our worker, but one of its own that fetches ours. */
function makeWorker() {
  if (WORKER.origin === location.origin) return new Worker(WORKER);
  const script = `self.at = ${JSON.stringify(WORKER)}; importScripts(self.at);`;
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Worker(address);
}

function answer({ id, reading, refused }) {
  const { resolve, reject } = asked.get(id);
  asked.delete(id);
  if (reading) resolve(reading);
  else reject(new Refused(refused));
}
