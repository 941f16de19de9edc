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
  const { text, sure, digits } = reading;
  const certain = `${toPercent(reading.confidence)} % certain`;
  const turned = TURNED[reading.turned] ?? "";
  const said = text.replaceAll("\n", ", ");
  if (sure) {
    const detail = turned ? `${certain}. ${turned}` : certain;
    return { title: "Sure", detail, spoken: sentences(`${said}, ${certain}.`, turned) };
  }
  const doubt = doubtOf(digits);
  const reasons = sentences(doubt, leftOut(reading.skipped.length), turned);
  const guess = doubt.startsWith("Perhaps") ? "" : `Perhaps ${said}.`;
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
