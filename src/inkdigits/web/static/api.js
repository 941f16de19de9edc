/**
 * @typedef {{value: number, confidence: number, sure: boolean, box: number[],
 *   probabilities: number[], seen: number[][]}} Digit
 * @typedef {{text: string, confidence: number, sure: boolean, box: number[]}} Mark such as a point
 * @typedef {{text: string, confidence: number, sure: boolean, lines: string[], digits: Digit[],
 *   marks: Mark[], skipped: number[][], faint: number[][], turned: number, warnings: string[],
 *   model: string}} Reading
 *   boxes: x0, y0, x1, y1 in the picture's pixels
 * @typedef {{
 *   prepare: (onProgress: (share: number) => void) => Promise<{bytes: number, keepsDays?: number | null}>,
 *   read: (picture: Blob, signal: AbortSignal, isFinal: boolean) => Promise<Reading>,
 *   shown?: (picture: Blob) => Promise<{file: Blob, pages: number}>,
 * }} Reader who reads for the page; it may take a while until it is prepared, and then says how large
 *   a picture's file may be, and for how many days it keeps corrections, if any; null: it could not
 *   be asked. What each digit's
 *   network saw may be missing if it is not final. `shown` is the picture, or its first page, in a
 *   format that every browser knows
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

/** Between two questions while ink is flowing: the eye needs no more, and a phone's battery less. */
const PAUSE_MS = 400;

/** Nobody waits longer for a drawing, nor for a photo, which may arrive for a minute before it is read. */
const PATIENCE_MS = { drawing: 8_000, photo: 90_000 };
const DRAWING_BYTES = 2 ** 16;

/** What an answer's status means to who chose the picture; others say it in their own words. */
const REFUSALS = {
  403: "This server does not read for pages of other sites.",
  408: "The picture took too long to arrive. Try again, or choose a smaller one.",
  413: "The picture is too large. Choose a smaller one, or cut out the part with the digits.",
  415: "The file is no picture that can be read here. Choose a JPEG or a PNG.",
};

/** @type {Reader["read"]} */
function read(picture, signal, isFinal) {
  const address = isFinal ? "api/read?seen=true" : "api/read";
  const patience = picture.size > DRAWING_BYTES ? PATIENCE_MS.photo : PATIENCE_MS.drawing;
  return posted(address, picture, (response) => response.json(), { signal, patience });
}

/** @type {Reader["shown"]} */
function shown(picture) {
  const contentOf = async (response) => ({
    file: await response.blob(),
    pages: Number(response.headers.get("Pages")),
  });
  return posted("api/picture", picture, contentOf, { patience: PATIENCE_MS.photo });
}

/**
 * @template Content
 * @param {string} address @param {Blob} picture
 * @param {(response: Response) => Promise<Content>} contentOf
 * @param {{signal?: AbortSignal, patience: number}} until patience: in milliseconds
 */
async function posted(address, picture, contentOf, { signal, patience }) {
  if (picture.size === 0) throw new Refused("The file is empty. Choose another one.");
  signal?.throwIfAborted();
  const tooLong = AbortSignal.timeout(patience);
  const given = new AbortController(); // AbortSignal.any is too new for many phones
  const once = { signal: given.signal }; // no listener stays on what many questions share
  for (const end of [signal, tooLong]) end?.addEventListener("abort", () => given.abort(end.reason), once);
  const type = picture.type.startsWith("image/") ? picture.type : "application/octet-stream";
  let response, content;
  try {
    response = await fetch(address, {
      method: "POST",
      body: picture,
      headers: { "Content-Type": type },
      signal: given.signal,
    });
    if (response.status === 413) throw new Refused(REFUSALS[413]); // also of a proxy, in its words
    content = await (response.ok ? contentOf(response) : response.json());
  } catch (error) {
    if (signal?.aborted || error instanceof Refused) throw error;
    if (!tooLong.aborted) throw new Unreachable();
    if (patience === PATIENCE_MS.photo) throw new Refused(REFUSALS[408]); // not to be sent on and on
    throw new Unreachable("The server does not answer");
  } finally {
    given.abort();
  }
  if (response.ok) return content;
  if (response.status === 503) throw new Unreachable("The server is busy");
  if (!content.error) throw new Unreachable();
  throw new Refused(REFUSALS[response.status] ?? content.error.message);
}

/** @returns {Promise<{limits: {bytes: number}, keeps_corrections_days?: number}>} */
export async function health() {
  const response = await fetch("api/health", { signal: AbortSignal.timeout(PATIENCE_MS.drawing) });
  if (!response.ok) throw new Unreachable();
  return response.json();
}

/** What is too large the server itself refuses, too. @type {Reader} */
export const server = {
  prepare: () =>
    health().then(
      ({ limits, keeps_corrections_days: keepsDays }) => ({ ...limits, keepsDays }),
      () => ({ bytes: Infinity, keepsDays: null }),
    ),
  read,
  shown,
};

/** Reads the newest of what it is asked to read, one request at a time. */
export class Readings {
  /** @type {{picture: () => Promise<Blob>, isFinal: boolean} | null} */
  #wanted = null;
  /** @type {AbortController | null} */
  #running = null;
  /** Ends the pause. */
  #hurry = () => {};

  /**
   * @param {{onReading: (reading: Reading, isFinal: boolean) => void, onError: (error: Error) => void}}
   *   listener isFinal: nothing newer is asked for or will be
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

  /**
   * @param {() => Promise<Blob>} picture is called when its turn comes, for the newest ink
   * @param {boolean} [isFinal] false: more ink is on its way, so that this is not urgent
   */
  ask(picture, isFinal = true) {
    this.#wanted = { picture, isFinal };
    if (isFinal) this.#hurry();
    if (!this.#running) void this.#run();
  }

  /** Forget what was asked. */
  cancel() {
    this.#wanted = null;
    this.#running?.abort();
    this.#running = null;
    this.#hurry();
  }

  async #run() {
    const running = (this.#running = new AbortController());
    while (this.#wanted && !running.signal.aborted) {
      if (!this.#wanted.isFinal) await this.#pause();
      if (!this.#wanted || running.signal.aborted) break;
      const { picture, isFinal } = this.#wanted;
      this.#wanted = null;
      await this.#answer(picture, isFinal, running.signal);
    }
    if (this.#running === running) this.#running = null;
  }

  #pause() {
    return new Promise((resolve) => {
      this.#hurry = () => resolve(undefined);
      setTimeout(resolve, PAUSE_MS);
    });
  }

  /** @param {() => Promise<Blob>} picture @param {boolean} isFinal @param {AbortSignal} signal */
  async #answer(picture, isFinal, signal) {
    try {
      const reading = await this.reader.read(await picture(), signal, isFinal);
      if (!signal.aborted) this.listener.onReading(reading, isFinal && !this.#wanted);
    } catch (error) {
      if (!signal.aborted) this.listener.onError(/** @type {Error} */ (error));
    }
  }
}
