/** A reading in words. */

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

/**
 * @param {import("./api.js").Reading} reading
 * @returns {{title: string, detail: string, spoken: string}} spoken: for who does not see the text
 */
export function inWords(reading) {
  const { text, sure, digits, marks, skipped, warnings } = reading;
  const certain = `${toPercent(reading.confidence)} % certain`;
  const turned = TURNED[reading.turned] ?? "";
  const said = text.replaceAll("\n", ", ");
  if (sure) {
    const more = sentences(leftOut(skipped.length), turned);
    const detail = more ? `${certain}. ${more}` : certain;
    return { title: "Sure", detail, spoken: sentences(`${said}, ${certain}.`, more) };
  }
  const doubt = sentences(doubtOf(digits), doubtOfMarks(marks));
  const nothing = text ? "" : "There is no digit.";
  const reasons = sentences(nothing, doubt, leftOut(skipped.length), turned, ...warnings);
  const guess = !text || doubt.startsWith("Perhaps") ? "" : `Perhaps ${said}.`;
  return {
    title: "Not sure",
    detail: reasons || certain,
    spoken: sentences("Not sure.", guess, reasons),
  };
}

/** Such as "2nd". @param {number} place from 1 */
export function ordinal(place) {
  return `${place}${SUFFIXES[ordinals.select(place)]}`;
}

/** @param {number[]} probabilities @returns {number[]} the digits, the likeliest first */
export function rank(probabilities) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
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
  if (digits.length === 1) return `Perhaps ${guesses(digits[first])}.`;
  const named = places.map((index) => ordinal(index + 1));
  if (places.length === 1) return `The ${named[0]} digit is perhaps ${guesses(digits[first])}.`;
  if (places.length === digits.length) {
    return `${digits.length === 2 ? "Both" : `All ${digits.length}`} digits are doubtful.`;
  }
  if (places.length <= FEW) return `The ${list.format(named)} digits are doubtful.`;
  return `${places.length} of the ${digits.length} digits are doubtful.`;
}

/** @param {import("./api.js").Mark[]} marks */
function doubtOfMarks(marks) {
  const doubtful = marks.filter(({ sure }) => !sure);
  if (doubtful.length === 0) return "";
  if (doubtful.length > 1) return `${doubtful.length} of the marks are doubtful.`;
  return `The mark “${doubtful[0].text}” is doubtful.`;
}

/** Such as "a 3 (41.2 %), or an 8 (30.1 %)". @param {import("./api.js").Digit} digit */
function guesses({ value, probabilities }) {
  const rival = rank(probabilities).find((other) => other !== value) ?? value;
  return [value, rival].map((guess) => withShare(guess, probabilities[guess])).join(", or ");
}

/** On one line, such as "an 8 (30.1 %)". @param {number} value @param {number} share */
function withShare(value, share) {
  const article = value === 8 ? "an" : "a";
  return `${article} ${value} (${toPercent(share)} %)`.replaceAll(" ", "\u00a0");
}

/** @param {number} count of signs that are no digits */
function leftOut(count) {
  if (count === 0) return "";
  return count === 1 ? "A sign was left out." : `${count} signs were left out.`;
}

function sentences(...parts) {
  return parts.filter(Boolean).join(" ");
}
