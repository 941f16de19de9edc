/**
 * Corrections on their way: each is kept in the browser until the server has it on its disk, or, where
 * no server wants them, until it is saved as a file or forgotten.
 *
 * @typedef {{session: string, picture: string, label: number | null, strokes: number[][][] | null,
 *   photo?: string, box?: number[]}} Correction as POST /api/corrections takes it
 * @typedef {{id: string, correction: Correction, photo?: string}} Entry photo: under which name the
 *   photo is kept that many corrections may share, while they are on the shelf
 * @typedef {{id: string, number: number | null, isUndone: boolean}} Fate of an entry; number: which it is
 *   on the server, as far as is known
 * @typedef {Pick<Storage, "getItem" | "setItem">} Shelf
 * @typedef {{send: (correction: Correction) => Promise<number>,
 *   takeBack: (number: number, session: string) => Promise<void>}} Server send: which number the
 *   correction got
 */

/** Apart, so that what was to stay here is never sent. The first one kept.js names, too. */
const TO_SEND = "inkdigits corrections to send";
const TO_STAY = "inkdigits corrections";
/** What became of them, which other tabs have to know, too. */
const FATES = "inkdigits corrections sent";
const SESSION = "inkdigits session";

/** Before the server is asked again that did not take a correction. */
const RETRY_MS = 10_000;

/** Of so many it is known what became of them, and of all that are still to be taken back. */
const MOST_FATES = 1000;

/** The server answered, and will not take it. */
export class NotTaken extends Error {}

/** It fires "change" when there are more or fewer, and "refuse" with what the server says of which id. */
export class Outbox extends EventTarget {
  /** What can be undone, the newest last: which entries were put together. */
  #done = /** @type {string[][]} */ ([]);
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
    const photos = this.#photos;
    return this.#shelved.map(({ photo, ...entry }) =>
      photo ? { ...entry, correction: { ...entry.correction, photo: photos[photo] } } : entry,
    );
  }

  /** Without their photos. @returns {Entry[]} */
  get #shelved() {
    return this.#kept(this.name, []);
  }

  /** By their names. @returns {Record<string, string>} */
  get #photos() {
    return this.#kept(`${this.name} photos`, {});
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
   * @returns {string[]} the id of each
   */
  put(corrections) {
    const { session } = this;
    const [before, photos] = [this.#shelved, this.#photos];
    const added = corrections.map(({ photo, ...each }) => {
      const entry = { id: randomHex(), correction: { session, ...each } };
      if (!photo) return entry;
      const name = Object.keys(photos).find((known) => photos[known] === photo) ?? entry.id;
      photos[name] = photo;
      return { ...entry, photo: name };
    });
    try {
      this.#keep([...before, ...added], photos);
    } catch (error) {
      this.#keep(before); // not a photo alone
      throw error;
    }
    const ids = added.map(({ id }) => id);
    this.#done.push(ids);
    void this.send();
    return ids;
  }

  /**
   * Take back what was said last, also from the server; if that cannot be reached, later.
   *
   * @returns {Promise<boolean>} false: later
   */
  async undo() {
    this.#leaveOut(this.#done.pop() ?? []);
    try {
      for (const fate of this.#toTakeBack) await this.#takeBack(fate);
      return true;
    } catch {
      this.#sendLater();
      return false;
    }
  }

  /** Forget all that is still here. */
  forget() {
    this.#done = [];
    this.#leaveOut(this.#shelved.map(({ id }) => id));
  }

  /** One after the other; what the server does not take now stays, and is sent again later. */
  async send() {
    if (!this.server || this.#isSending) return;
    clearTimeout(this.#retrying);
    this.#isSending = true;
    try {
      for (let step = this.#next(); step; step = this.#next()) await step;
    } catch {
      this.#sendLater();
    }
    this.#isSending = false;
  }

  /** First what is to be taken back: the same drawing may have been said to be something else since. */
  #next() {
    const [fate] = this.#toTakeBack;
    const [first] = this.entries;
    return fate ? this.#takeBack(fate) : first && this.#sendOne(first);
  }

  /** @param {Entry} entry */
  async #sendOne({ id, correction }) {
    let number = null;
    try {
      number = (await this.server?.send(correction)) ?? null;
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      const refusal = new CustomEvent("refuse", { detail: error.message });
      this.dispatchEvent(Object.assign(refusal, { id }));
    }
    this.#keep(this.#shelved.filter((entry) => entry.id !== id));
    this.#note([id], { number });
  }

  #sendLater() {
    clearTimeout(this.#retrying);
    this.#retrying = setTimeout(() => this.send(), RETRY_MS);
  }

  /** @param {string[]} ids of entries that are not to be sent, or to be taken back, whoever sends them */
  #leaveOut(ids) {
    this.#keep(this.#shelved.filter(({ id }) => !ids.includes(id)));
    this.#note(ids, { isUndone: true });
  }

  /** What is on the server and should not be. @returns {Fate[]} */
  get #toTakeBack() {
    return this.server ? this.#kept(FATES, []).filter(isToTakeBack) : [];
  }

  /** @param {Fate} fate */
  async #takeBack({ id, number }) {
    await this.server?.takeBack(/** @type {number} */ (number), this.session);
    this.#note([id], { number: null });
  }

  /** @param {string[]} ids @param {Partial<Fate>} change */
  #note(ids, change) {
    if (!this.server) return;
    const known = this.#kept(FATES, []);
    const changed = ids.map((id) => {
      const before = known.find((fate) => fate.id === id);
      return { id, number: null, isUndone: false, ...before, ...change };
    });
    const all = [...known.filter(({ id }) => !ids.includes(id)), ...changed];
    const fates = all.filter((fate, i) => isToTakeBack(fate) || i >= all.length - MOST_FATES);
    this.#put(FATES, fates);
  }

  /** @param {Entry[]} entries @param {Record<string, string>} [photos] theirs, and others */
  #keep(entries, photos = this.#photos) {
    const theirs = new Set(entries.map(({ photo }) => photo));
    const left = Object.fromEntries(Object.entries(photos).filter(([name]) => theirs.has(name)));
    const isNew = String(Object.keys(left)) !== String(Object.keys(this.#photos));
    if (isNew) this.#put(`${this.name} photos`, left);
    this.#put(this.name, entries);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name on the shelf */
  #put(name, content) {
    this.shelf.setItem(name, JSON.stringify(content));
  }

  /** @param {string} name on the shelf @param nothing what is there otherwise */
  #kept(name, nothing) {
    try {
      return JSON.parse(this.shelf.getItem(name) ?? "");
    } catch {
      return nothing; // none, or not of ours
    }
  }
}

/** @param {Fate} fate */
function isToTakeBack({ number, isUndone }) {
  return isUndone && number !== null;
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
    if (response.status === 413) throw new NotTaken("It is too large."); // also of a proxy
    const answer = await response.json();
    if (response.ok) return answer.number;
    if ([400, 415, 422].includes(response.status)) throw new NotTaken(answer.error.message);
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
