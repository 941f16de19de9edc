/**
 * Corrections on their way: each is kept in the browser until the server has it on its disk, or, where
 * no server wants them, until it is saved as a file or forgotten.
 *
 * @typedef {{session: string, picture: string, label: number | null, strokes: number[][][] | null,
 *   photo?: string, box?: number[]}} Correction as POST /api/corrections takes it
 * @typedef {{id: string, correction: Correction}} Entry
 * @typedef {Pick<Storage, "getItem" | "setItem">} Shelf
 * @typedef {{send: (correction: Correction) => Promise<number>,
 *   takeBack: (number: number, session: string) => Promise<void>}} Server send: which number the
 *   correction got
 */

/** Apart, so that what was to stay here is never sent. */
const TO_SEND = "inkdigits corrections to send";
const TO_STAY = "inkdigits corrections";
const SESSION = "inkdigits session";

/** Before the server is asked again that did not take a correction. */
const RETRY_MS = 10_000;

/** The server answered, and will not take it. */
export class NotTaken extends Error {}

/** It fires "change" when there are more or fewer, and "refuse" with what the server says. */
export class Outbox extends EventTarget {
  /** What can be undone, the newest last: entries, and the numbers of those that were sent. */
  #done = /** @type {{id: string, number: number | null}[][]} */ ([]);
  #isSending = false;
  #retrying = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {Shelf} shelf @param {Server | null} server null: they stay here */
  constructor(shelf, server) {
    super();
    this.shelf = shelf;
    this.server = server;
    this.name = server ? TO_SEND : TO_STAY;
  }

  /** @returns {Entry[]} */
  get entries() {
    try {
      return JSON.parse(this.shelf.getItem(this.name) ?? "[]");
    } catch {
      return []; // not of ours
    }
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  /** A random number that says which corrections are of one hand, and nothing else. */
  get session() {
    const known = this.shelf.getItem(SESSION);
    if (/^[0-9a-f]{32}$/.test(known ?? "")) return known;
    const made = randomHex();
    this.shelf.setItem(SESSION, made);
    return made;
  }

  /**
   * Keep what was said together. Throws if the browser has no room for it.
   *
   * @param {Omit<Correction, "session">[]} corrections
   */
  put(corrections) {
    const { session } = this;
    const added = corrections.map((each) => ({
      id: randomHex(),
      correction: { session, ...each },
    }));
    this.#keep([...this.entries, ...added]);
    this.#done.push(added.map(({ id }) => ({ id, number: null })));
    void this.send();
  }

  /** Take back what was said last, also from the server; if that cannot be reached, not yet. */
  async undo() {
    const said = this.#done[this.#done.length - 1] ?? [];
    for (const { number } of said) {
      if (number !== null) await this.server?.takeBack(number, this.session);
    }
    const ids = said.map(({ id }) => id);
    this.#done = this.#done.filter((each) => each !== said);
    this.#keep(this.entries.filter(({ id }) => !ids.includes(id)));
  }

  /** Forget all that is still here. */
  forget() {
    this.#done = [];
    this.#keep([]);
  }

  /** One after the other; what the server does not take now stays, and is sent again later. */
  async send() {
    if (!this.server || this.#isSending) return;
    clearTimeout(this.#retrying);
    this.#isSending = true;
    try {
      for (let [first] = this.entries; first; [first] = this.entries) await this.#sendOne(first);
    } catch {
      this.#retrying = setTimeout(() => this.send(), RETRY_MS);
    }
    this.#isSending = false;
  }

  /** @param {Entry} entry */
  async #sendOne({ id, correction }) {
    let number = null;
    try {
      number = (await this.server?.send(correction)) ?? null;
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      this.dispatchEvent(new CustomEvent("refuse", { detail: error.message }));
    }
    const said = this.#done.flat().find((each) => each.id === id);
    const isUndone = !this.entries.some((entry) => entry.id === id);
    if (said) said.number = number;
    if (isUndone && number !== null) await this.server?.takeBack(number, correction.session);
    else this.#keep(this.entries.filter((entry) => entry.id !== id));
  }

  /** @param {Entry[]} entries */
  #keep(entries) {
    this.shelf.setItem(this.name, JSON.stringify(entries));
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {readonly Entry[]} entries @returns {string} a file for inkdigits train --data corrections:FILE */
export function toLines(entries) {
  return entries.map(({ correction }) => `${JSON.stringify(correction)}\n`).join("");
}

/** @type {Server} */
export const api = {
  async send(correction) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(correction);
    const response = await fetch("api/corrections", { method: "POST", body, headers });
    const answer = await response.json();
    if (response.ok) return answer.number;
    if ([400, 413, 415, 422].includes(response.status)) throw new NotTaken(answer.error.message);
    throw new Error(answer.error?.message); // too many, or nobody can keep it now
  },
  async takeBack(number, session) {
    const request = { method: "DELETE", headers: { Session: session } };
    const response = await fetch(`api/corrections/${number}`, request);
    if (!response.ok && response.status !== 404) throw new Error("It is still on the server.");
  },
};

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
