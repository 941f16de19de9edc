/** A picture in, a reading out: what `reader.py`, `recognition/looks.py` and `recognition/views.py` do, held to the same answers by a test. */

import { isAlone, isCleanAround, readDigits } from "./digits.js";
import { reduced, timesSmaller } from "./grey.js";
import { inLines } from "./lines.js";
import { isAsExpected, perhapsDigits, readPieces } from "./text.js";

const LARGEST = 1600;
const GLANCE = 560;
const TURNED_FROM = 0.75;
const AT_ONCE = 24;
const TELLING = { 1: "23457", 2: "347", 3: "23457" };
const WIDTHS = [0.85, 1.15];
const MOST_PIECES = 100;
const NEARLY = 2.5;
/** The side of a crop. */
const CROP = 64;

/**
 * @typedef {import("../../../web/static/api.js").Reading} Reading
 * @typedef {import("./digits.js").Grey} Grey
 * @typedef {{expect?: "digit" | "number" | null, length?: number | null}} Hints
 */

export class Reader {
  /**
   * @param {any} ort ONNX Runtime
   * @param {any} digits the session of `digits.onnx`
   * @param {any} page the session of `page.onnx`
   * @param {import("./text.js").Rules} rules of `page.onnx`
   * @param {string} version of `digits.onnx`
   */
  constructor(ort, digits, page, rules, version) {
    this.ort = ort;
    this.digits = digits;
    this.page = page;
    this.rules = rules;
    this.version = version;
  }

  /**
   * @param {Grey} picture
   * @param {Hints} [hints]
   * @returns {Promise<Reading | null>} null if nothing is written in it
   * @throws {WrongHints} if a picture cannot hold what the hints say
   */
  async read(picture, hints = {}) {
    checkHints(hints);
    const reading = await this.#read(picture, hints);
    return reading && { ...reading, model: this.version };
  }

  async #read(picture, hints) {
    const glance = reduced(picture, GLANCE);
    const [digit] = await this.#readDigits(glance.data, [1, glance.height, glance.width]);
    const alone = digit && scaled(ofOne(digit), GLANCE, picture);
    if (digit && [undefined, null, 1].includes(hints.length) && isAlone(glance, digit)) return alone;
    return this.#readPage(picture, alone, hints);
  }

  /** @param {Grey} picture @param {Reading | null} alone what it is if it is one digit */
  async #readPage(picture, alone, hints) {
    const small = reduced(picture, LARGEST);
    const look = await this.#look(small);
    const [pieces] = look;
    let reading = readPieces(...look, this.rules, hints);
    // It may lie on its side if most of what is on it is not sure.
    if (hints.expect !== "digit" && pieces.box.length > 1 && shareSure(reading) <= 0.5) {
      reading = await this.#turned(small, pieces, reading, hints);
    }
    const isDoubtful = reading && reading.digits.length > 0 && !reading.sure && !reading.turned;
    if (isDoubtful && hints.expect !== "digit" && pieces.box.length <= MOST_PIECES) {
      reading = await this.#ofMost(small, look, reading, hints);
    }
    if (reading) {
      const believed = isAsExpected(reading, hints) ? reading : doubted(reading);
      return scaled(believed, LARGEST, picture);
    }
    if (!alone) return null;
    const [digit] = alone.digits;
    const isInk = pieces.box.length > 0 || digit.sure || isCleanAround(picture, digit.box);
    return isInk ? doubted(alone) : null;
  }

  /**
   * The doubtful reading, which is sure if it is nearly so in other widths, too; or one of another
   * width if these are likelier.
   */
  async #ofMost(picture, look, reading, hints) {
    const rules = { ...this.rules, sure_from: 1 - NEARLY * (1 - this.rules.sure_from) };
    const readings = [reading];
    const nearly = [readPieces(...look, rules, hints)];
    for (const share of WIDTHS) {
      const other = readPieces(...(await this.#look(stretched(picture, share))), rules, hints);
      nearly.push(other);
      if (other) readings.push(doubted(moved(other, narrowed(share, picture))));
    }
    return agreed(nearly) ?? likeliest(readings);
  }

  /** What is read if the page is turned, if that is far clearer, or else the same reading. */
  async #turned(picture, pieces, reading, hints) {
    // Signs that lie on their side are taken for others, or several for one: looked at anew.
    const isSmall = pieces.box.length <= AT_ONCE;
    const end = Math.max(...pieces.box.slice(0, AT_ONCE).map(([, , , y1]) => y1));
    const part = isSmall
      ? picture
      : { ...picture, data: picture.data.subarray(0, end * picture.width), height: end };
    const turned = async (page, quarters, most) =>
      readPieces(...(await this.#look(turn(page, quarters), most)), this.rules, hints);
    let best = 0;
    let most = -1;
    for (const quarters of [2, 1, 3]) {
      const share = shareSure(await turned(part, quarters, AT_ONCE));
      if (share > most) [best, most] = [quarters, share];
    }
    const better = most < TURNED_FROM ? null : await turned(picture, best);
    const isTelling = ({ value, sure }) => sure && TELLING[best].includes(String(value));
    if (
      shareSure(better) < TURNED_FROM ||
      (reading && better.confidence <= reading.confidence) ||
      better.digits.filter(isTelling).length < 2
    ) {
      return reading;
    }
    return { ...moved(better, turnedBack(best, picture)), turned: 90 * best };
  }

  /** What both files make of a picture, or of at most so many pieces of it. */
  async #look(picture, most) {
    const pieces = first(await this.#pieces(picture), most);
    const places = perhapsDigits(pieces);
    const digits = await this.#readCrops(places.map((place) => cropOf(pieces, place)));
    return [pieces, new Map(places.map((place, i) => [place, digits[i]]))];
  }

  /** @param {Grey[]} crops */
  async #readCrops(crops) {
    if (crops.length === 0) return [];
    const data = new Uint8Array(crops.length * CROP * CROP);
    for (const [i, crop] of crops.entries()) data.set(crop.data, i * CROP * CROP);
    return this.#readDigits(data, [crops.length, CROP, CROP]);
  }

  #readDigits(data, shape) {
    return readDigits(this.digits, new this.ort.Tensor("uint8", data, shape));
  }

  /** @param {Grey} picture */
  async #pieces({ data, width, height }) {
    const picture = new this.ort.Tensor("uint8", data, [height, width]);
    const { box, kind, crop, line } = await this.page.run({ picture });
    return inLines({ box: rows(box), kind: rows(kind), crop: crop.data, line: [...line.data] });
  }
}

/** At most so many of the pieces; all if `most` is undefined. */
function first({ box, kind, crop, line }, most) {
  return { box: box.slice(0, most), kind: kind.slice(0, most), crop, line: line.slice(0, most) };
}

/** @returns {number[][]} */
function rows({ data, dims: [count, size] }) {
  return Array.from({ length: count }, (_, row) => [...data.slice(row * size, (row + 1) * size)]);
}

/** @returns {Grey} */
function cropOf({ crop }, place) {
  const size = CROP * CROP;
  return { data: crop.slice(place * size, (place + 1) * size), width: CROP, height: CROP };
}

/** The picture so many quarters clockwise. @param {Grey} picture @returns {Grey} */
function turn({ data, width, height }, quarters) {
  if (quarters > 1) return turn(turn({ data, width, height }, 1), quarters - 1);
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + height - 1 - y] = data[y * width + x];
  }
  return { data: turned, width: height, height: width };
}

/** From boxes in a page that was turned clockwise to the page as it was. */
function turnedBack(quarters, { width, height }) {
  return {
    1: ([x0, y0, x1, y1]) => [y0, height - x1, y1, height - x0],
    2: ([x0, y0, x1, y1]) => [width - x1, height - y1, width - x0, height - y0],
    3: ([x0, y0, x1, y1]) => [width - y1, x0, width - y0, x1],
  }[quarters];
}

/** The picture so many times as wide. @param {Grey} picture @returns {Grey} */
function stretched({ data, width, height }, share) {
  const wide = widthOf(width, share);
  const other = new Uint8Array(wide * height);
  for (let x = 0; x < wide; x++) {
    const from = Math.floor(((2 * x + 1) * width) / (2 * wide));
    for (let y = 0; y < height; y++) other[y * wide + x] = data[y * width + from];
  }
  return { data: other, width: wide, height };
}

/** From boxes in the stretched picture to the picture itself. */
function narrowed(share, { width }) {
  const wide = widthOf(width, share);
  return ([x0, y0, x1, y1]) => [
    Math.floor((x0 * width) / wide),
    y0,
    Math.ceil((x1 * width) / wide),
    y1,
  ];
}

function widthOf(width, share) {
  return Math.max(Math.floor(width * share + 0.5), 1);
}

/** The first of the readings whose digits are most confident, all that say the same together. */
function likeliest(readings) {
  const said = readings.map(digitsOf);
  const votes = new Map();
  for (const [i, text] of said.entries()) {
    votes.set(text, (votes.get(text) ?? 0) + readings[i].confidence);
  }
  return readings[said.findIndex((text) => votes.get(text) === Math.max(...votes.values()))];
}

/** The first of readings that are all sure of the same number of several digits; else null. */
function agreed(readings) {
  const said = new Set(readings.map((it) => (it?.sure && it.digits.length > 1 ? digitsOf(it) : null)));
  return said.size === 1 && !said.has(null) ? readings[0] : null;
}

/** @param {Reading} reading */
function digitsOf({ digits }) {
  return digits.map(({ value }) => value).join("");
}

/** The same, but nothing in it is sure. @param {Reading} reading @returns {Reading} */
function doubted(reading) {
  const signs = (all) => all.map((sign) => ({ ...sign, sure: false }));
  return { ...reading, sure: false, digits: signs(reading.digits), marks: signs(reading.marks) };
}

/** A reading of the picture made smaller, in the picture itself. */
function scaled(reading, side, picture) {
  const factor = timesSmaller(picture, side);
  const ends = [picture.width, picture.height, picture.width, picture.height];
  return moved(reading, (box) => box.map((at, i) => Math.min(at * factor, ends[i])));
}

/** @param {Reading} reading @param {(box: number[]) => number[]} move @returns {Reading} */
function moved(reading, move) {
  const signs = (all) => all.map((sign) => ({ ...sign, box: move(sign.box) }));
  const { digits, marks, skipped, faint } = reading;
  const boxes = { skipped: skipped.map(move), faint: faint.map(move) };
  return { ...reading, digits: signs(digits), marks: signs(marks), ...boxes };
}

/** A picture cannot hold what the hints say. */
export class WrongHints extends RangeError {}

/** @param {Hints} hints */
function checkHints({ expect = null, length = null }) {
  if (![null, "digit", "number"].includes(expect)) {
    throw new WrongHints(`expect is ${JSON.stringify(expect)}; it must be "digit", "number" or null.`);
  }
  if (length !== null && !(Number.isInteger(length) && length >= 1)) {
    throw new WrongHints(`length is ${JSON.stringify(length)}; it must be a whole number from 1 on, or null.`);
  }
  if (expect === "digit" && length !== null && length !== 1) {
    throw new WrongHints(
      `expect is "digit" and length ${length}, but one digit has length 1. Leave one of the two out.`,
    );
  }
}

/** @returns {Reading} */
function ofOne(digit) {
  const text = String(digit.value);
  const { confidence, sure } = digit;
  const nothing = { marks: [], skipped: [], turned: 0, warnings: [], faint: [] };
  return { text, confidence, sure, lines: [text], digits: [digit], ...nothing };
}

/** The share of sure signs among all that are there. @param {Reading | null} reading */
function shareSure(reading) {
  if (!reading) return 0;
  const signs = [...reading.digits, ...reading.marks];
  return signs.filter(({ sure }) => sure).length / Math.max(signs.length + reading.skipped.length, 1);
}
