/** The last readings, as long as the page is open: each brings back what was read. */

import { element } from "./answer.js";

const MOST = 10;

const shown = element("recent");
const list = /** @type {HTMLElement} */ (shown.querySelector("ul"));

/** @type {{source: unknown, item: HTMLElement}[]} source: the picture, or the strokes, that was read */
let readings = [];

/**
 * @param {string} text
 * @param {import("./history.js").Content} content what was read
 * @param {(content: import("./history.js").Content) => void} bringBack
 */
export function remember(text, content, bringBack) {
  const source = content.picture ?? content.strokes; // the same ones once they are brought back
  const known = readings.find((it) => it.source === source);
  const newest = known ?? { source, item: itemOf(text, () => bringBack(content)) };
  readings = [newest, ...readings.filter((it) => it !== known)].slice(0, MOST);
  const focused = /** @type {HTMLElement | null} */ (list.querySelector(":focus"));
  list.replaceChildren(...readings.map(({ item }) => item));
  focused?.focus({ preventScroll: true }); // one that was moved has lost it
  shown.hidden = false;
}

/** @param {string} text @param {() => void} bringBack */
function itemOf(text, bringBack) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text.replaceAll("\n", " ");
  button.addEventListener("click", bringBack);
  item.append(button);
  return item;
}
