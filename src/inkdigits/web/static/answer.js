/** Where a reading is shown: the text, how sure it is, and how each of its digits was read. */

import { DigitRow, drawSeen } from "./digits.js";
import { inWords, ordinal, rank, toPercent } from "./words.js";

const BLANK_SEEN = Array.from({ length: 28 }, () => new Array(28).fill(0));
const NO_PROBABILITIES = new Array(10).fill(0);

/** The rows of the ranking have come to rest after this long. */
const GLIDE_MS = 400;

const page = element("page");
const numeral = element("numeral");
const verdict = element("verdict");
const detail = element("detail");
const seen = /** @type {HTMLCanvasElement} */ (element("seen"));
const ranking = element("ranking");
const rankingName = element("ranking-name");
const rows = NO_PROBABILITIES.map((_, value) => makeRow(value));

/** @type {import("./api.js").Digit[]} */
let digits = [];
let gliding = 0;

export const digitRow = new DigitRow(element("digits"));
digitRow.addEventListener("choose", showEvidence);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  digitRow.draw();
  showEvidence();
});
ranking.append(...rows);
showEvidence();

/** @param {string} id @returns {HTMLElement} */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {import("./api.js").Reading} reading
 * @returns {string} what is now shown, in words
 */
export function showReading(reading) {
  const words = inWords(reading);
  say(reading.sure ? "sure" : "unsure", words.title, words.detail);
  showText(reading.text ? reading.lines : ["?"], reading.digits, reading.marks);
  showDigits(reading);
  return words.spoken;
}

/**
 * @param {"blank" | "error"} state why there is no reading
 * @param {string} title
 * @param {string} text
 */
export function showNothing(state, title, text) {
  say(state, title, text);
  showText([state === "blank" ? "·" : "?"], [], []);
  showDigits({ text: "", digits: [], marks: [] });
}

/** @param {string} state @param {string} title @param {string} text */
function say(state, title, text) {
  page.dataset.state = state;
  verdict.textContent = title;
  detail.textContent = text;
}

/**
 * In ink, but what is doubtful outlined.
 *
 * @param {string[]} lines
 * @param {typeof digits} read
 * @param {import("./api.js").Mark[]} marks
 */
function showText(lines, read, marks) {
  const unread = [...read];
  const unreadMarks = [...marks];
  const marked = [...lines.join("\n")].map((sign) => {
    if (/\s/.test(sign)) return sign;
    if ((/\d/.test(sign) ? unread : unreadMarks).shift()?.sure) return sign;
    const doubtful = document.createElement("span");
    doubtful.className = "unsure";
    doubtful.textContent = sign;
    return doubtful;
  });
  numeral.replaceChildren(...marked);
  numeral.normalize();
  numeral.style.setProperty("--signs", String(Math.max(...lines.map((line) => line.length))));
  numeral.style.setProperty("--lines", String(lines.length));
}

/** @param {Pick<import("./api.js").Reading, "text" | "digits" | "marks">} reading */
function showDigits(reading) {
  digits = reading.digits;
  page.dataset.digits = digits.length > 1 ? "several" : "one";
  digitRow.show(reading);
  if (digits.length === 0) showEvidence();
}

/** What the network saw of the chosen digit, and how it ranked the ten. */
function showEvidence() {
  const digit = digits[digitRow.chosen];
  const which = digits.length > 1 ? ` for the ${ordinal(digitRow.chosen + 1)}` : "";
  drawSeen(seen, digit?.seen ?? BLANK_SEEN);
  const shown = digit ? "the ink on 28 by 28 pixels" : "nothing yet";
  seen.setAttribute("aria-label", `What the network sees: ${shown}.`);
  rankingName.textContent = `All ten digits${which}, the likeliest first`;
  showRanking(digit?.probabilities ?? NO_PROBABILITIES);
}

/** @param {number[]} probabilities */
function showRanking(probabilities) {
  const order = rank(probabilities);
  for (const [place, value] of order.entries()) {
    const row = rows[value];
    const percents = toPercent(probabilities[value]);
    row.style.setProperty("--rank", String(place));
    row.style.setProperty("--share", `${percents}%`);
    /** @type {HTMLElement} */ (row.lastElementChild).textContent = `${percents} %`;
  }
  // In this order also for screen readers; not at once, as moving a row stops its glide.
  clearTimeout(gliding);
  gliding = setTimeout(() => ranking.append(...order.map((value) => rows[value])), GLIDE_MS);
}

/** @param {number} value */
function makeRow(value) {
  const row = document.createElement("li");
  const name = document.createElement("b");
  const bar = document.createElement("i");
  const share = document.createElement("span");
  name.textContent = String(value);
  row.append(name, bar, share);
  return row;
}
