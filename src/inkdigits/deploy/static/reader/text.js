/**
 * From pieces of writing to a text: what `recognition/text.py` does, where each number below is
 * explained, held to the same answers by a test.
 *
 * @typedef {number[]} Box x0, y0, x1, y1
 * @typedef {{box: Box[], kind: number[][], line: number[]}} Pieces in reading order
 * @typedef {{piece_from: number, sure_from: number, mark_sure_from: number, space: number,
 *   digits_weight: number, most_pieces: number, which_weight: number}} Rules
 * @typedef {import("./digits.js").Digit} Digit
 */

export const MARKS = ".,-+×÷/=:";
const PERHAPS = 0.1;
const CHANCE = 0.1;
const LEAST = 1e-4;
const LIKE_ONE = "/,";
const NO_DIGIT = 0.05;
const THIS_MARK = 0.7;
const ALIKE = ".,";
const NOT_THERE = 0.25;
const STRANGE = 1 / 3;
const PARTS = { ":": ".,", "÷": ".,-:", "=": "-", "+": "-" };
const COVERED = 0.5;
const LIKELY = 0.3;
const USUAL = 1.6;
const FAR = 3;
const BEFORE_SPACE = "0123456789.,:";

/** The places of the pieces whose crops `digits.onnx` is to read. @param {Pieces} pieces */
export function perhapsDigits(pieces) {
  return [...pieces.kind.keys()].filter((place) => ofDigits(pieces.kind[place]) >= PERHAPS);
}

/**
 * @param {Pieces} pieces
 * @param {Map<number, Digit | null>} opinions of `digits.onnx`, by the places of the pieces
 * @param {Rules} rules
 * @param {{expect?: "digit" | "number" | null, length?: number | null}} [hints]
 * @returns {import("../../../web/static/api.js").Reading | null}
 */
export function readPieces(pieces, opinions, rules, { expect = null, length = null } = {}) {
  const found = pieces.box.map((_, place) => toPiece(place, pieces, opinions.get(place), rules));
  let chosen = found.filter(({ score }) => score >= rules.piece_from);
  chosen = chosen.filter((piece, _, all) => !isPart(piece, all));
  if (chosen.length === 0) return null;
  const boxes = chosen.map(({ box }) => box);
  let weak = found.filter(
    (piece) =>
      piece.score < rules.piece_from && (piece.score >= LIKELY || !isCovered(piece, boxes)),
  );
  const strange = chosen.filter(({ sign, sure }) => !sign || !sure).length;
  if (strange > STRANGE * chosen.length) chosen = chosen.map(doubted);
  let rest = [];
  if (expect === "digit") {
    [chosen, weak, rest] = theDigit(chosen, weak);
    if (rest.some(({ sign }) => sign)) chosen = chosen.map(doubted);
  } else if (length !== null) [chosen, weak] = ofLength(chosen, weak, length);
  const texts = linesOf(chosen)
    .map((line) => textOf(line, rules.space, expect === null))
    .filter(Boolean);
  const leftOut = [...rest, ...chosen.filter(({ sign }) => !sign)].sort(byPlace);
  const missed = weak.filter((piece) => piece.missed);
  const warnings = [];
  if (found.length >= rules.most_pieces) {
    const count = found.length.toLocaleString("en");
    warnings.push(
      `There are ${count} pieces of writing or more in the picture, and only the clearest ` +
        `${count} were read. Cut it into parts.`,
    );
  }
  const digits = chosen.filter(isDigit).map(({ sign, sure }) => ({ ...sign, sure }));
  const marks = chosen.filter(isMark).map(({ sign }) => sign);
  const shares = [...chosen.map((it) => it.confidence), ...missed.map((it) => 1 - it.score)];
  const reading = {
    text: texts.join("\n"),
    confidence: digits.length > 0 ? shares.reduce((a, b) => a * b, 1) : 0,
    sure: digits.length > 0 && missed.length === 0 && chosen.every(({ sure }) => sure),
    lines: texts.length > 0 ? texts : [""],
    digits,
    marks,
    skipped: leftOut.map(({ box }) => box),
    turned: 0,
    warnings,
    faint: missed.map(({ box }) => box),
  };
  return isAsExpected(reading, { expect, length }) ? reading : { ...reading, sure: false };
}

/** Whether what was read may be all that is there, by the hints and by its warnings. */
export function isAsExpected({ lines, digits, warnings }, { expect = null, length = null }) {
  const isOne = !expect || lines.length <= 1;
  return isOne && (length ?? digits.length) === digits.length && warnings.length === 0;
}

/** What a piece is: a digit, if all ten together are likeliest, or a mark, or other writing. */
function toPiece(place, pieces, opinion, rules) {
  const seen = pieces.kind[place];
  const kind = opinion ? both(seen, opinion, rules.digits_weight) : seen;
  const box = pieces.box[place];
  const others = kind.slice(10);
  let digit = null;
  if (ofDigits(seen) >= PERHAPS) {
    const shares = kind.slice(0, 10);
    const probabilities = opinion ? which(shares, opinion, rules) : shares;
    const value = likeliest(probabilities);
    const agreed =
      opinion?.sure && value === opinion.value && value === likeliest(seen.slice(0, 10));
    const sure = Boolean(agreed && kind[value] >= rules.sure_from);
    const looked = opinion ? opinion.seen : Array.from({ length: 28 }, () => Array(28).fill(0));
    const confidence = probabilities[value];
    digit = { value, confidence, sure, box, probabilities, seen: looked };
  }
  const other = likeliest(others);
  let sign = null;
  let confidence, sure;
  if (digit && ofDigits(kind) >= others[other]) {
    ({ confidence, sure } = sign = digit);
  } else {
    confidence = others[other];
    sure = ofDigits(seen) < NO_DIGIT;
    if (other < MARKS.length) {
      const text = MARKS[other];
      sign = { text, confidence, sure: confidence >= rules.mark_sure_from, box };
      const alike = [...(ALIKE.includes(text) ? ALIKE : text)];
      const shares = alike.map((mark) => others[MARKS.indexOf(mark)]);
      sure &&= sum(shares) >= THIS_MARK * sum(others);
    }
  }
  const missed = ofDigits(seen) >= NOT_THERE;
  const line = pieces.line[place];
  return { place, box, line, score: sum(seen), sign, confidence, sure, digit, missed };
}

/** How likely each kind is after `digits.onnx` has seen the crop, too: Bayes' rule. */
function both(kind, { probabilities }, weight) {
  const likelihood = kind.map((_, i) => (i < 10 ? Math.max(probabilities[i], LEAST) : CHANCE));
  for (const mark of LIKE_ONE) {
    likelihood[10 + MARKS.indexOf(mark)] = Math.max(likelihood[1], CHANCE);
  }
  const weighed = kind.map((share, i) => share * likelihood[i] ** weight);
  const all = sum(weighed) + (1 - sum(kind)) * CHANCE ** weight;
  return weighed.map((share) => share / all);
}

/** The ten digits' shares where what `digits.onnx` says counts more. */
function which(shares, { probabilities }, { which_weight, digits_weight }) {
  const more = which_weight - digits_weight;
  if (more <= 0) return shares;
  const weighed = shares.map((share, i) => share * Math.max(probabilities[i], LEAST) ** more);
  return weighed.map((share) => (share * sum(shares)) / sum(weighed));
}

/** Whether a mark is a part of another one, as a point is of a colon. */
function isPart(piece, others) {
  if (!isMark(piece)) return false;
  const wholes = others.filter(
    (other) => isMark(other) && (PARTS[other.sign.text] ?? "").includes(piece.sign.text),
  );
  return isCovered(piece, wholes.map(({ box }) => box));
}

/** Whether one of the boxes covers most of the piece. */
function isCovered(piece, boxes) {
  const [x0, y0, x1, y1] = piece.box;
  return boxes.some(([left, top, right, bottom]) => {
    const wide = Math.min(x1, right) - Math.max(x0, left);
    const high = Math.min(y1, bottom) - Math.max(y0, top);
    return Math.max(wide, 0) * Math.max(high, 0) >= COVERED * areaOf(piece);
  });
}

/** The largest and clearest digit; nothing weak; and the rest. */
function theDigit(chosen, weak) {
  const perhaps = chosen.filter(({ digit }) => digit);
  if (perhaps.length === 0) return [chosen, weak, []];
  const best = perhaps[likeliest(perhaps.map((it) => it.digit.confidence * areaOf(it)))];
  const rest = chosen.filter((piece) => piece !== best);
  return [[isDigit(best) ? best : readAs(best, best.digit)], [], rest];
}

/** What is chosen and what is weak, with so many digits chosen if that can be. */
function ofLength(chosen, weak, length) {
  const digits = chosen.filter(isDigit).sort((a, b) => a.confidence - b.confidence);
  const kept = new Map(chosen.map((piece) => [piece.place, piece]));
  if (digits.length >= length) {
    for (const piece of digits.slice(0, digits.length - length)) {
      kept.set(piece.place, readAs(piece, null));
    }
  } else {
    const rest = [...chosen.filter((it) => it.digit && !isDigit(it)), ...weak.filter((it) => it.digit)];
    rest.sort((a, b) => b.digit.confidence - a.digit.confidence);
    if (digits.length + rest.length < length) return [chosen, weak];
    for (const piece of rest.slice(0, length - digits.length)) {
      kept.set(piece.place, readAs(piece, piece.digit));
    }
  }
  return [[...kept.values()].sort(byPlace), weak.filter(({ place }) => !kept.has(place))];
}

/** The same, and not sure. */
function doubted(piece) {
  return { ...piece, sign: piece.sign && { ...piece.sign, sure: false }, sure: false };
}

/** The same, against what is likeliest, and so not sure. */
function readAs(piece, sign) {
  return { ...piece, sign, confidence: sign ? sign.confidence : PERHAPS, sure: false };
}

/** The signs of a line, with spaces between its numbers if it is `spaced`. */
function textOf(line, space, spaced) {
  const digits = line.filter(isDigit);
  const height = quantile(digits.map(({ box }) => box[3] - box[1]), 3 / 4);
  const usual = quantile(digits.slice(1).map((after, i) => pitch(digits[i], after)), 1 / 3);
  const isSpace = (before, after) => {
    const gap = after.box[0] - before.box[2];
    const isUnusual =
      digits.length < 3 ? gap > USUAL * space * height : pitch(before, after) > USUAL * usual;
    return gap > space * height && (isUnusual || gap > FAR * space * height);
  };
  let text = "";
  let last = null;
  let isParted = false;
  for (const piece of line) {
    if (!piece.sign) {
      isParted = true;
      continue;
    }
    const follows = last && spaced && isDigit(piece) && BEFORE_SPACE.includes(text.at(-1));
    if (follows && (isParted || isSpace(last, piece))) text += " ";
    text += isDigit(piece) ? piece.sign.value : piece.sign.text;
    last = piece;
    isParted = false;
  }
  return text;
}

/** Neighbours of one line together. */
function linesOf(pieces) {
  const lines = [];
  for (const piece of pieces) {
    if (lines.at(-1)?.[0].line === piece.line) lines.at(-1).push(piece);
    else lines.push([piece]);
  }
  return lines;
}

function isDigit({ sign }) {
  return sign !== null && "value" in sign;
}

function isMark({ sign }) {
  return sign !== null && "text" in sign;
}

function byPlace(a, b) {
  return a.place - b.place;
}

function areaOf({ box: [x0, y0, x1, y1] }) {
  return (x1 - x0) * (y1 - y0);
}

/** From middle to middle. */
function pitch(before, after) {
  return (after.box[0] + after.box[2] - before.box[0] - before.box[2]) / 2;
}

function ofDigits(kind) {
  return sum(kind.slice(0, 10));
}

function likeliest(shares) {
  return shares.indexOf(Math.max(...shares));
}

function quantile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.floor(share * values.length)] ?? 0;
}

function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}
