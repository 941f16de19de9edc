/** The drawing outlasts a reload of the page, in this tab of the browser alone. */

import { decode, encode } from "./link.js";
import { shelfIn } from "./shelf.js";

const NAME = "inkdigits drawing";

/** @param {import("./history.js").Content} content what lies on the sheet now */
export function keepDrawing({ strokes, aspect, isExample, typed, isForeign }) {
  try {
    const shelf = shelfIn(sessionStorage);
    if (strokes.length === 0 || !aspect || isExample) shelf.removeItem(NAME);
    else {
      const drawing = encode({ strokes, aspect });
      shelf.setItem(NAME, JSON.stringify({ drawing, typed, isForeign }));
    }
  } catch {
    // A browser that keeps nothing for pages, or no more.
  }
}

/** @returns {import("./history.js").Content | null} null if there is none */
export function keptDrawing() {
  try {
    const { drawing, ...more } = JSON.parse(shelfIn(sessionStorage).getItem(NAME) ?? "{}");
    const decoded = decode(drawing);
    return decoded && { ...decoded, ...more, picture: null };
  } catch {
    return null;
  }
}

/** Whether somebody has corrected here, of which something may still have to be sent or taken back. */
export function hasCorrected() {
  try {
    return shelfIn(localStorage).getItem("inkdigits corrections to send") !== null;
  } catch {
    return false;
  }
}
