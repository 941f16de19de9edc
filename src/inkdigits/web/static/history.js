/**
 * What lies on the sheet. Never changed in place, so that undoing is going back to an older one.
 *
 * @typedef {{strokes: import("./ink.js").Stroke[], picture: Picture | null}} Content
 * @typedef {{file: Blob, bitmap: ImageBitmap | null}} Picture bitmap: null if it cannot be shown
 */

/** @type {Content} */
const BLANK = { strokes: [], picture: null };

/** What lies on the sheet, and what lay there before. */
export class SheetHistory {
  #contents = [BLANK];

  get content() {
    return this.#contents[this.#contents.length - 1];
  }

  get canUndo() {
    return this.#contents.length > 1;
  }

  /** @param {Content} content takes the place of what lies there */
  put(content) {
    this.#contents.push(content);
  }

  /** A sheet that is blank already has nothing to come back to. */
  clear() {
    if (this.content !== BLANK) this.put(BLANK);
  }

  undo() {
    if (this.canUndo) this.#contents.pop();
  }
}
