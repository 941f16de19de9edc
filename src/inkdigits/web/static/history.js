/**
 * What lies on the sheet. Never changed in place, so that undoing is going back to an older one.
 *
 * @typedef {{strokes: readonly import("./ink.js").Stroke[], picture: Picture | null, aspect?: number,
 *   typed?: string, isExample?: boolean, isForeign?: boolean}} Content aspect: of the sheet that the
 *   strokes were written on; typed: the text that they were written for; isExample: the next stroke
 *   takes its place; isForeign: no hand wrote some of them here
 * @typedef {{file: Blob, bitmap: ImageBitmap | null}} Picture bitmap: null if it cannot be shown
 */

/** @type {Content} */
const BLANK = { strokes: [], picture: null };

/** What lies on the sheet, what lay there before, and what was undone. */
export class SheetHistory {
  #contents = [BLANK];
  #place = 0;

  get content() {
    return this.#contents[this.#place];
  }

  get canUndo() {
    return this.#place > 0;
  }

  get canRedo() {
    return this.#place < this.#contents.length - 1;
  }

  /** @param {Content} content takes the place of what lies there */
  put(content) {
    this.#contents.splice(++this.#place, Infinity, content);
  }

  /** A sheet that is blank already has nothing to come back to. */
  clear() {
    if (this.content !== BLANK) this.put(BLANK);
  }

  undo() {
    if (this.canUndo) this.#place--;
  }

  redo() {
    if (this.canRedo) this.#place++;
  }
}
