/** The last readings, as long as the page is open: each brings back what was read. */

import { element } from "./answer.js";

const MOST = 10;

const shown = element("recent");
const list = /** @type {HTMLElement} */ (shown.querySelector("ul"));

/** @type {{text: string, content: import("./history.js").Content}[]} */
let readings = [];

/**
 * @param {string} text
 * @param {import("./history.js").Content} content what was read
 * @param {(content: import("./history.js").Content) => void} bringBack
 */
export function remember(text, content, bringBack) {
  readings = [{ text, content }, ...readings.filter((it) => it.content !== content)].slice(0, MOST);
  shown.hidden = false;
  list.replaceChildren(
    ...readings.map((reading) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = reading.text.replaceAll("\n", " ");
      button.addEventListener("click", () => bringBack(reading.content));
      item.append(button);
      return item;
    }),
  );
}
