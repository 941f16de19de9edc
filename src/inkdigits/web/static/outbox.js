/**
 * Corrections on their way: each is kept in the browser until the server has it on its disk, or, where
 * no server wants them, until it is saved as a file or forgotten.
 *
 * @typedef {{session: string, picture: string, label: number | null, strokes: number[][][] | null,
 *   photo?: string, box?: number[]}} Correction as POST /api/corrections takes it
 * @typedef {{id: string, correction: Correction}} Entry
 * @typedef {Entry & {state?: "unsent" | "trying" | "undone", photo?: string, isToSend?: boolean}} Shelved state: undone is
 *   what may be on the server, and has to be sent again to learn which it is there; photo: under
 *   which name the photo is kept that many corrections may share
 * @typedef {{id: string, number: number | null, isUndone: boolean}} Fate of an entry; number: which it is
 *   on the server, as far as is known
 * @typedef {Pick<Storage, "getItem" | "setItem">} Shelf
 * @typedef {{send: (correction: Correction) => Promise<number>,
 *   takeBack: (number: number, session: string) => Promise<void>}} Server send: which number the
 *   correction got
 */

/** Apart, so that what was to stay here is not sent. The first one kept.js names, too. */
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

/**
 * It fires "change" when there are more or fewer, and "refuse" with what the server says of which id;
 * "stay" with what it says of one that it does not take back.
 */
export class Outbox extends EventTarget {
  /** What can be undone, the newest last: which entries were put together. */
  #done = /** @type {string[][]} */ ([]);
  #isSending = false;
  /** What is being done while it is sending. */
  #step = /** @type {Promise<void> | undefined} */ (undefined);
  /** How many the server did not take back. */
  #staying = 0;
  #retrying = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {Shelf} shelf @param {Server | null} server null: they stay here */
  constructor(shelf, server) {
    super();
    this.shelf = shelf;
    this.server = server;
    this.name = server ? TO_SEND : TO_STAY;
    if (server) this.#takeFrom(TO_STAY, ({ isToSend }) => isToSend);
    else this.#takeFrom(TO_SEND, (entry) => !isUndone(entry));
  }

  /**
   * What is to be sent is in sight here while no server keeps corrections, and is sent when one does.
   *
   * @param {string} other shelf @param {(entry: Shelved) => boolean | undefined} isTaken
   */
  #takeFrom(other, isTaken) {
    const there = this.#kept(other, []);
    const taken = there.filter(isTaken).map((entry) => ({ ...entry, isToSend: true }));
    if (taken.length === 0) return;
    const left = there.filter((entry) => !isTaken(entry));
    const photos = this.#kept(`${other} photos`, {});
    this.#put(`${other} photos`, photosOf(left, photos)); // first: there may be no room for both
    this.#put(other, left);
    this.#keep([...this.#shelved, ...taken], { ...this.#photos, ...photosOf(taken, photos) });
  }

  /** @returns {Entry[]} */
  get entries() {
    const photos = this.#photos;
    return this.#shelved
      .filter((entry) => !isUndone(entry))
      .map(({ id, correction, photo }) => ({ id, correction: withPhoto(correction, photos, photo) }));
  }

  /** Without their photos. @returns {Shelved[]} */
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

  /** Whether something is still to be taken back from the server, or may be. */
  get isOwing() {
    return this.#toTakeBack.length > 0 || this.#shelved.some(isUndone);
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
      const correction = { session, ...each };
      const entry = { id: randomHex(), state: /** @type {const} */ ("unsent"), correction };
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
   * @returns {Promise<boolean>} false: later, or not at all if it has fired "stay"
   */
  async undo() {
    const staying = this.#staying;
    this.#leaveOut(this.#done.pop() ?? []);
    try {
      while (this.#isSending && this.isOwing) await this.#step; // which takes back before it sends more
      for (const fate of this.#toTakeBack) await this.#takeBack(fate);
    } catch {
      // The server cannot be reached.
    }
    this.#oweLater();
    return !this.isOwing && staying === this.#staying;
  }

  /** Forget all that is still here. */
  forget() {
    this.#done = [];
    this.#leaveOut(this.#shelved.map(({ id }) => id));
    this.#oweLater();
  }

  /** One after the other; what the server does not take now stays, and is sent again later. */
  async send() {
    if (!this.server || this.#isSending) return;
    clearTimeout(this.#retrying);
    this.#isSending = true;
    try {
      for (let step = this.#next(); step; step = this.#next()) await (this.#step = step);
    } catch {
      this.#sendLater();
    }
    this.#isSending = false;
  }

  /** First what is to be taken back: the same drawing may have been said to be something else since. */
  #next() {
    const [fate] = this.#toTakeBack;
    const shelved = this.#shelved;
    const first = shelved.find(isUndone) ?? shelved[0];
    return fate ? this.#takeBack(fate) : first && this.#sendOne(first);
  }

  /** @param {Shelved} entry */
  async #sendOne({ id, state, correction, photo }) {
    // Before it is sent: from then on it may be on the server, whether or not an answer ever comes.
    if (state === "unsent") this.#keep(this.#shelved.map(toTrying(id)));
    let number = null;
    let refusal = "";
    try {
      number = (await this.server?.send(withPhoto(correction, this.#photos, photo))) ?? null;
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      refusal = error.message;
    }
    const now = this.#shelved; // it may have been undone meanwhile, in whichever tab
    const isTakenBack = now.some((entry) => entry.id === id && isUndone(entry));
    if (refusal && !isTakenBack) this.#refuse(id, refusal);
    this.#keep(now.filter((entry) => entry.id !== id));
    this.#note([id], { number, ...(isTakenBack && { isUndone: true }) });
  }

  /** @param {string} id of what the server will not take, so that there is nothing to undo */
  #refuse(id, message) {
    const left = this.#done.map((ids) => ids.filter((each) => each !== id));
    this.#done = left.filter((ids) => ids.length > 0);
    this.dispatchEvent(Object.assign(new CustomEvent("refuse", { detail: message }), { id }));
  }

  #sendLater() {
    clearTimeout(this.#retrying);
    this.#retrying = setTimeout(() => this.send(), RETRY_MS);
  }

  /** What is still to be taken back, if it is not being done now. */
  #oweLater() {
    if (this.isOwing && !this.#isSending) this.#sendLater();
  }

  /** @param {string[]} ids of entries that are not to be sent, or to be taken back, whoever sends them */
  #leaveOut(ids) {
    const left = this.#shelved.flatMap((entry) => {
      if (!ids.includes(entry.id)) return [entry];
      return this.server && entry.state !== "unsent" ? [toUndone(entry)] : [];
    });
    this.#keep(left);
    const here = new Set(left.map(({ id }) => id));
    this.#note(ids.filter((id) => !here.has(id)), { isUndone: true });
  }

  /** What is on the server and should not be. @returns {Fate[]} */
  get #toTakeBack() {
    return this.server ? this.#kept(FATES, []).filter(isToTakeBack) : [];
  }

  /** @param {Fate} fate */
  async #takeBack({ id, number }) {
    try {
      await this.server?.takeBack(/** @type {number} */ (number), this.session);
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      this.#staying++; // and what is to be sent waits for it no longer
      this.dispatchEvent(new CustomEvent("stay", { detail: error.message }));
    }
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

  /** @param {Shelved[]} entries @param {Record<string, string>} [photos] theirs, and others */
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

/** @param {Shelved} entry */
function isUndone({ state }) {
  return state === "undone";
}

/** The words of all states are equally long: on a full shelf they can still be told. @param {string} id */
function toTrying(id) {
  return (entry) => (entry.id === id ? { ...entry, state: "trying" } : entry);
}

/** What is needed to learn which it is on the server, and no more. @param {Shelved} entry @returns {Shelved} */
function toUndone({ id, correction: { session, picture, label } }) {
  return { id, state: "undone", correction: { session, picture, label, strokes: null } };
}

/** @param {Correction} correction @param {Record<string, string>} photos @param {string} [name] of its photo */
function withPhoto(correction, photos, name) {
  return name ? { ...correction, photo: photos[name] } : correction;
}

/** @param {Shelved[]} entries @param {Record<string, string>} photos @returns those of the entries */
function photosOf(entries, photos) {
  const names = new Set(entries.map(({ photo }) => photo));
  return Object.fromEntries(Object.entries(photos).filter(([name]) => names.has(name)));
}

/** @param {Fate} fate */
function isToTakeBack({ number, isUndone }) {
  return isUndone && number !== null;
}

/** @param {readonly Entry[]} entries @returns {string} a file for inkdigits train --data corrections:FILE */
export function toLines(entries) {
  return entries.map(({ correction }) => `${JSON.stringify(correction)}\n`).join("");
}

/** Statuses of corrections that the server will not take later, either. */
const FOR_GOOD = [400, 415, 422];

/** @type {Server} */
export const api = {
  async send(correction) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(correction);
    const response = await fetch("api/corrections", { method: "POST", body, headers });
    if (response.status === 413) throw new NotTaken("It is too large."); // also of a proxy
    const answer = await response.json();
    if (response.ok) return answer.number;
    if (FOR_GOOD.includes(response.status)) throw new NotTaken(answer.error.message);
    throw new Error(answer.error?.message); // too many, or nobody can keep it now
  },
  async takeBack(number, session) {
    const request = { method: "DELETE", headers: { Session: session } };
    const response = await fetch(`api/corrections/${number}`, request);
    if (response.ok || response.status === 404) return;
    const isFinal = response.status < 500 && ![408, 429].includes(response.status);
    throw new (isFinal ? NotTaken : Error)("It is still on the server.");
  },
};

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
