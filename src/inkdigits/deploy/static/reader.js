/** The page's reader where there is no server: this browser, also without a network. */

import { Refused } from "./api.js";
import * as inWorker from "./in-worker.js";

/** @type {import("./api.js").Reader} */
export const reader = { prepare, read: (picture, signal) => inWorker.read(picture, signal) };

/** @param {(share: number) => void} [onProgress] */
async function prepare(onProgress) {
  const { missing } = document.documentElement.dataset; // missing.js has looked
  if (missing) throw new Refused(missing);
  const limits = await inWorker.prepare(onProgress);
  void navigator.serviceWorker?.register("service-worker.js");
  return limits;
}
