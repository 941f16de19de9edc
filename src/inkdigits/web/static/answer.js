/** Where a reading is shown: the text, how sure it is, and how each of its digits was read. */

import { DigitRow, drawSeen } from "./digits.js";
import { describeSeen, inWords, ordinal, sumsOf, toPercent } from "./words.js";

const BLANK_SEEN = Array.from({ length: 28 }, () => new Array(28).fill(0));
const NO_PROBABILITIES = new Array(10).fill(0);
/** Ten digits, and none of them. */
const ROWS = [...NO_PROBABILITIES.keys(), "none"];

/** A mark that is as wide as so many digits. */
const WIDE_MARK = 1.35;

/** A smaller share is a bar of no length without a figure. */
const LEAST_SHARE = 0.005;

const page = element("page");
const numeral = element("numeral");
const sum = element("sum");
const verdict = element("verdict");
const detail = element("detail");
const seen = /** @type {HTMLCanvasElement} */ (element("seen"));
const ranking = element("ranking");
const rankingName = element("ranking-name");
const rows = ROWS.map((name) => makeRow(String(name)));

/** @type {import("./api.js").Digit[]} */
let digits = [];

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
  showText(reading);
  sum.textContent = sumsOf(reading).join(", ");
  return words.spoken;
}

/** A reading that more ink is going to change. @param {import("./api.js").Reading} reading */
export function showGuess(reading) {
  showText(reading);
  sum.textContent = "";
}

/**
 * What is shown is no answer any more, and the next one is on its way.
 *
 * @param {string} title
 * @param {string} [text]
 */
export function showWaiting(title, text = "") {
  say("reading", title, text);
  sum.textContent = "";
}

/**
 * @param {"blank" | "reading" | "error"} state why there is no reading
 * @param {string} title
 * @param {string} text
 */
export function showNothing(state, title, text) {
  say(state, title, text);
  showText({ text: state === "error" ? "?" : "·", lines: ["·"], digits: [], marks: [] });
  sum.textContent = "";
}

/** @param {string} state @param {string} title @param {string} text */
function say(state, title, text) {
  page.dataset.state = state;
  verdict.textContent = title;
  detail.textContent = text;
}

/**
 * In ink, but what is doubtful outlined. Each digit is an element with its index.
 *
 * @param {Pick<import("./api.js").Reading, "text" | "lines" | "digits" | "marks">} reading
 */
function showText({ text, lines, digits: read, marks }) {
  const unreadMarks = [...marks];
  let index = 0;
  const signs = [...(text || "?")].map((sign) => {
    if (/\s/.test(sign)) return sign;
    const isDigit = /\d/.test(sign);
    const shown = document.createElement("span");
    shown.textContent = sign;
    shown.classList.toggle("unsure", (isDigit ? read[index] : unreadMarks.shift())?.sure === false);
    if (isDigit) shown.dataset.digit = String(index++);
    return shown;
  });
  numeral.replaceChildren(...signs);
  numeral.style.setProperty("--signs", String(Math.max(...lines.map(widthOf))));
  numeral.style.setProperty("--lines", String(lines.length));
  digits = read;
  page.dataset.digits = text.length > 1 ? "several" : "one";
  digitRow.show({ text, digits, marks });
  if (digits.length === 0) showEvidence();
}

/** What the network saw of the chosen digit, and how likely each of the ten is. */
function showEvidence() {
  const digit = digits[digitRow.chosen];
  if (!digit || digit.seen) {
    drawSeen(seen, digit?.seen ?? BLANK_SEEN);
    seen.setAttribute("aria-label", `What the network sees: ${describeSeen(digit?.seen)}.`);
  }
  const which = digits.length > 1 ? ` is the ${ordinal(digitRow.chosen + 1)}` : " it is";
  rankingName.textContent = `How likely each digit${which}`;
  showShares(digit?.probabilities);
}

/** @param {number[] | undefined} probabilities */
function showShares(probabilities) {
  const none = probabilities ? 1 - probabilities.reduce((a, b) => a + b, 0) : 0;
  for (const [i, share] of [...(probabilities ?? NO_PROBABILITIES), none].entries()) {
    const isShown = share >= LEAST_SHARE;
    rows[i].style.setProperty("--share", isShown ? `${toPercent(share)}%` : "0%");
    rows[i].classList.toggle("slight", !isShown);
    /** @type {HTMLElement} */ (rows[i].lastElementChild).textContent = isShown
      ? `${toPercent(share)} %`
      : "";
  }
}

/** In digits. @param {string} line */
function widthOf(line) {
  return [...line].reduce((sum, sign) => sum + ("+×÷=".includes(sign) ? WIDE_MARK : 1), 0);
}

/** @param {string} name */
function makeRow(name) {
  const row = document.createElement("li");
  const label = document.createElement("b");
  const bar = document.createElement("i");
  const share = document.createElement("span");
  label.textContent = name;
  row.append(label, bar, share);
  return row;
}
