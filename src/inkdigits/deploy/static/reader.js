/** The page's reader where there is no server: this browser, in a worker. */

import { Refused, Unreachable } from "./api.js";

const MOST_BYTES = 32 * 2 ** 20;

/** @type {import("./api.js").Reader} */
export const reader = { prepare, read };

/** @type {Promise<Worker> | null} */
let ready = null;
/** What was asked and is not answered, by its number. @type {Map<number, {resolve, reject}>} */
const asked = new Map();
let count = 0;

/** @param {(share: number) => void} [onProgress] */
async function prepare(onProgress = () => {}) {
  const { missing } = document.documentElement.dataset; // missing.js has looked
  if (missing) throw new Refused(missing);
  ready ??= start(onProgress);
  await ready;
  return { bytes: MOST_BYTES };
}

/** @param {Blob} picture @param {AbortSignal} signal */
async function read(picture, signal) {
  await prepare();
  const worker = await ready;
  const id = count++;
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    asked.set(id, { resolve, reject });
    worker.postMessage({ id, picture });
  });
}

/** @param {(share: number) => void} onProgress @returns {Promise<Worker>} */
function start(onProgress) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("reader/worker.js");
    const fail = () => {
      worker.terminate();
      ready = null; // so that the next who asks tries again
      const error = new Unreachable(
        "The reader cannot be loaded",
        "What is on the sheet stays, and is read as soon as the network is back.",
      );
      reject(error);
      for (const waiting of asked.values()) waiting.reject(error);
      asked.clear();
    };
    worker.onerror = fail;
    worker.onmessage = ({ data }) => {
      if (data.failed) fail();
      else if (data.ready) {
        resolve(worker);
        void navigator.serviceWorker?.register("service-worker.js");
      } else if (data.total) onProgress(data.loaded / data.total);
      else answer(data);
    };
  });
}

function answer({ id, reading, refused }) {
  const { resolve, reject } = asked.get(id);
  asked.delete(id);
  if (reading) resolve(reading);
  else reject(new Refused(refused));
}
