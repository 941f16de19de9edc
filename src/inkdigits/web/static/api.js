/**
 * @typedef {{value: number, confidence: number, sure: boolean, box: number[],
 *   probabilities: number[], seen: number[][]}} Digit
 * @typedef {{text: string, confidence: number, sure: boolean, box: number[]}} Mark such as a point
 * @typedef {{text: string, confidence: number, sure: boolean, lines: string[], digits: Digit[],
 *   marks: Mark[], skipped: number[][], turned: number, warnings: string[], model: string}} Reading
 *   boxes: x0, y0, x1, y1 in the picture's pixels
 * @typedef {{
 *   prepare: (onProgress: (share: number) => void) => Promise<{bytes: number}>,
 *   read: (picture: Blob, signal: AbortSignal) => Promise<Reading>,
 * }} Reader who reads for the page; it may take a while until it is prepared, and then says how large
 *   a picture's file may be
 */

/** The reader answered, and says why it cannot read the picture. */
export class Refused extends Error {}

/** Nothing that is our server answered, or it is too busy; or what reads here is not there. */
export class Unreachable extends Error {
  constructor(
    title = "The server cannot be reached",
    detail = "What is on the sheet stays, and is read as soon as it answers.",
  ) {
    super(title);
    this.detail = detail;
  }
}

/** Between two requests while drawing: the eye needs no more, and a phone's battery less. */
const PAUSE_MS = 50;

/** @param {Blob} picture @param {AbortSignal} signal @returns {Promise<Reading>} */
async function read(picture, signal) {
  const type = picture.type.startsWith("image/") ? picture.type : "application/octet-stream";
  const request = { method: "POST", body: picture, headers: { "Content-Type": type }, signal };
  let response, answer;
  try {
    response = await fetch("api/read?seen=true", request);
    answer = await response.json();
  } catch (error) {
    throw signal.aborted ? error : new Unreachable();
  }
  if (response.ok) return answer;
  throw answer.error && response.status !== 503 ? new Refused(answer.error.message) : new Unreachable();
}

/** @returns {Promise<{limits: {bytes: number}}>} */
export async function health() {
  const response = await fetch("api/health");
  if (!response.ok) throw new Unreachable();
  return response.json();
}

/** What is too large the server itself refuses, too. @type {Reader} */
export const server = {
  prepare: () =>
    health().then(
      ({ limits }) => limits,
      () => ({ bytes: Infinity }),
    ),
  read,
};

/** Reads the newest of what it is asked to read, one request at a time. */
export class Readings {
  /** @type {(() => Promise<Blob>) | null} */
  #wanted = null;
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {{onReading: (reading: Reading) => void, onError: (error: Error) => void}} listener
   * @param {Reader} [reader]
   */
  constructor(listener, reader = server) {
    this.listener = listener;
    this.reader = reader;
  }

  /** True until the answer to the newest question is there. */
  get isBusy() {
    return this.#running !== null;
  }

  /** @param {() => Promise<Blob>} picture is called when its turn comes, for the newest ink */
  ask(picture) {
    this.#wanted = picture;
    if (!this.#running) void this.#run();
  }

  /** Forget what was asked. */
  cancel() {
    this.#wanted = null;
    this.#running?.abort();
    this.#running = null;
  }

  async #run() {
    const running = (this.#running = new AbortController());
    while (this.#wanted && !running.signal.aborted) {
      const picture = this.#wanted;
      this.#wanted = null;
      await this.#answer(picture, running.signal);
      if (this.#wanted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    if (this.#running === running) this.#running = null;
  }

  /** @param {() => Promise<Blob>} picture @param {AbortSignal} signal */
  async #answer(picture, signal) {
    try {
      const reading = await this.reader.read(await picture(), signal);
      if (!signal.aborted) this.listener.onReading(reading);
    } catch (error) {
      if (!signal.aborted) this.listener.onError(/** @type {Error} */ (error));
    }
  }
}
