/** The drawing outlasts a reload of the page, in this tab of the browser alone. */

import { decode, encode } from "./link.js";

const NAME = "inkdigits drawing";

/** @param {import("./history.js").Content} content what lies on the sheet now */
export function keepDrawing({ strokes, aspect, isExample }) {
  try {
    if (strokes.length === 0 || !aspect || isExample) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, encode({ strokes, aspect }));
  } catch {
    // A browser that keeps nothing for pages, or no more.
  }
}

/** @returns {import("./history.js").Content | null} null if there is none */
export function keptDrawing() {
  try {
    const drawing = decode(sessionStorage.getItem(NAME) ?? "");
    return drawing && { ...drawing, picture: null };
  } catch {
    return null;
  }
}
