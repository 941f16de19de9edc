/** Where a reading is shown: the answer, what the network saw, and all ten digits ranked. */

const BLANK_SEEN = Array.from({ length: 28 }, () => new Array(28).fill(0));
const NO_PROBABILITIES = new Array(10).fill(0);

const page = element("page");
const numeral = element("numeral");
const verdict = element("verdict");
const detail = element("detail");
const seen = /** @type {HTMLCanvasElement} */ (element("seen"));
const ranking = element("ranking");
const rows = NO_PROBABILITIES.map((_, value) => makeRow(value));
ranking.append(...rows);
showRanking(NO_PROBABILITIES);

let lastSeen = BLANK_SEEN;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showSeen(lastSeen));

/** @param {string} id @returns {HTMLElement} */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {import("./api.js").Reading} reading
 * @returns {string} what is now shown, in words
 */
export function showReading(reading) {
  const { text, sure, digits } = reading;
  const [{ probabilities, seen: ink }] = digits;
  numeral.textContent = text;
  showRanking(probabilities);
  showSeen(ink);
  seen.setAttribute("aria-label", "What the network sees: the ink on 28 by 28 pixels.");
  if (sure) {
    const certain = `${toPercent(reading.confidence)} % certain`;
    say("sure", "Sure", certain);
    return `${text}, ${certain}.`;
  }
  const [guess, rival] = rank(probabilities).map((value) => inWords(value, probabilities[value]));
  const guesses = `Perhaps ${guess}, or ${rival}.`;
  say("unsure", "Not sure", guesses);
  return `Not sure. ${guesses}`;
}

/**
 * @param {"blank" | "error"} state why there is no reading
 * @param {string} title
 * @param {string} text
 */
export function showNothing(state, title, text) {
  numeral.textContent = state === "blank" ? "·" : "?";
  say(state, title, text);
  showRanking(NO_PROBABILITIES);
  showSeen(BLANK_SEEN);
  seen.setAttribute("aria-label", "What the network sees: nothing yet.");
}

/** Put the rows in their order also for screen readers; not at once, as moving stops the glide. */
export function settleRanking() {
  const rankOf = (row) => Number(row.style.getPropertyValue("--rank"));
  ranking.append(...[...rows].sort((a, b) => rankOf(a) - rankOf(b)));
}

/** @param {string} state @param {string} title @param {string} text */
function say(state, title, text) {
  page.dataset.state = state;
  verdict.textContent = title;
  detail.textContent = text;
}

/** @param {number[]} probabilities @returns {number[]} the digits, the likeliest first */
function rank(probabilities) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
}

/** @param {number[]} probabilities */
function showRanking(probabilities) {
  for (const [place, value] of rank(probabilities).entries()) {
    const row = rows[value];
    const percents = toPercent(probabilities[value]);
    row.style.setProperty("--rank", String(place));
    row.style.setProperty("--share", `${percents}%`);
    /** @type {HTMLElement} */ (row.lastElementChild).textContent = `${percents} %`;
  }
}

/** @param {number[][]} picture */
function showSeen(picture) {
  lastSeen = picture;
  const context = /** @type {CanvasRenderingContext2D} */ (seen.getContext("2d"));
  context.clearRect(0, 0, 28, 28);
  context.fillStyle = getComputedStyle(seen).color;
  for (const [y, line] of picture.entries()) {
    for (const [x, ink] of line.entries()) {
      context.globalAlpha = ink;
      context.fillRect(x, y, 1, 1);
    }
  }
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

/** On one line, such as "an 8 (30.1 %)". @param {number} value @param {number} share */
function inWords(value, share) {
  const article = value === 8 ? "an" : "a";
  return `${article} ${value} (${toPercent(share)} %)`.replaceAll(" ", "\u00a0");
}

/** Rounded down: no reading is 100 % certain. @param {number} share */
function toPercent(share) {
  return (Math.floor(share * 1000) / 10).toFixed(1);
}
