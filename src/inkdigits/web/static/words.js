/** A reading in words. */

import { sumOf } from "./sums.js";

const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const SUFFIXES = { one: "st", two: "nd", few: "rd", other: "th" };
const list = new Intl.ListFormat("en");

const TURNED = {
  90: "Read with the picture turned a quarter clockwise.",
  180: "Read with the picture turned upside down.",
  270: "Read with the picture turned a quarter anticlockwise.",
};

/** So many doubtful digits are told one by one. */
const FEW = 3;

/** From this probability on it is worth saying what else a digit could be. */
const WORTH_SAYING = 0.02;

/**
 * @param {import("./api.js").Reading} reading
 * @returns {{title: string, detail: string, spoken: string}} detail: one sentence; spoken: for who
 *   does not see the text
 */
export function inWords(reading) {
  const { text, sure, digits, marks, skipped, faint, warnings } = reading;
  const said = [...text.split("\n"), ...sumsOf(reading)].join(", ");
  const more = [leftOut(skipped.length), TURNED[reading.turned] ?? ""].filter(Boolean);
  if (sure) {
    const clear = digits.length === 1 && !marks.length ? "It is clear." : "Every sign is clear.";
    const detail = more[0] ?? clear;
    return { title: "Sure", detail, spoken: [`Sure: ${said}.`, ...more].join(" ") };
  }
  if (!text) {
    const detail = skipped.length ? "What is outlined is no digit." : "There is no digit to be seen.";
    return { title: "No digit", detail, spoken: ["No digit.", ...more, ...warnings].join(" ") };
  }
  const perhaps = faint.length > 0 ? "What is outlined without a name may be a faint digit." : "";
  const doubts = [doubtOf(digits), doubtOfMarks(marks), perhaps];
  const reasons = [...warnings, ...doubts, ...more].filter(Boolean);
  if (reasons.length === 0) reasons.push("Something there may not have been read.");
  const spoken = [`Not sure: perhaps ${said}.`, ...reasons].join(" ");
  return { title: "Not sure", detail: reasons[0], spoken };
}

/** What the lines that are sums come to, such as "= 19". @param {{lines: string[]}} reading */
export function sumsOf({ lines }) {
  return lines.map(sumOf).flatMap((sum) => {
    if (!sum) return [];
    const right = String(sum.value).replace("-", "−");
    if (sum.claimed === null) return [`= ${right}`];
    return sum.claimed === sum.value ? ["which is right"] : [`in fact ${right}`];
  });
}

/**
 * What the network saw, for who does not see it.
 *
 * @param {number[][] | undefined} seen 28 by 28, ink bright
 */
export function describeSeen(seen) {
  const inked = (seen ?? []).flatMap((row, y) => row.flatMap((ink, x) => (ink > 0.5 ? [[x, y]] : [])));
  if (inked.length === 0) return "nothing yet";
  const [wide, high] = [0, 1].map((axis) => {
    const places = inked.map((place) => place[axis]);
    return Math.max(...places) - Math.min(...places) + 1;
  });
  return `ink ${wide} pixels wide and ${high} high, ${inked.length} of 28 by 28 pixels dark`;
}

/** Such as "2nd". @param {number} place from 1 */
export function ordinal(place) {
  return `${place}${SUFFIXES[ordinals.select(place)]}`;
}

/** Rounded down: no reading is 100 % certain. @param {number} share */
export function toPercent(share) {
  return (Math.floor(share * 1000) / 10).toFixed(1);
}

/** Which digits are doubtful, in a sentence. @param {import("./api.js").Digit[]} digits */
function doubtOf(digits) {
  const places = [...digits.keys()].filter((index) => !digits[index].sure);
  if (places.length === 0) return "";
  const [first] = places;
  if (digits.length === 1) return `It ${doubtOfOne(digits[first])}.`;
  const named = places.map((index) => ordinal(index + 1));
  if (places.length === 1) return `The ${named[0]} digit ${doubtOfOne(digits[first])}.`;
  if (places.length === digits.length) {
    return `${digits.length === 2 ? "Both" : `All ${digits.length}`} digits are doubtful.`;
  }
  if (places.length <= FEW) return `The ${list.format(named)} digits are doubtful.`;
  return `${places.length} of the ${digits.length} digits are doubtful.`;
}

/** @param {import("./api.js").Digit} digit */
function doubtOfOne({ value, probabilities }) {
  const none = 1 - probabilities.reduce((a, b) => a + b, 0);
  const others = probabilities.map((share, other) => (other === value ? 0 : share));
  const most = Math.max(...others);
  if (Math.max(most, none) < WORTH_SAYING) return `is unlike most ${value}s`;
  if (none > most) return "may be no digit";
  const rival = others.indexOf(most);
  return `could also be ${rival === 8 ? "an" : "a"} ${rival}`;
}

/** @param {import("./api.js").Mark[]} marks */
function doubtOfMarks(marks) {
  const doubtful = marks.filter(({ sure }) => !sure);
  if (doubtful.length === 0) return "";
  if (doubtful.length > 1) return `${doubtful.length} of the marks are doubtful.`;
  return `The mark “${doubtful[0].text}” is doubtful.`;
}

/** @param {number} count of signs that are no digits */
function leftOut(count) {
  if (count === 0) return "";
  return count === 1 ? "The outlined sign was left out." : `${count} outlined signs were left out.`;
}
