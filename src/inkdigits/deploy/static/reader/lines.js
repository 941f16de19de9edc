/**
 * Which line of writing each piece is on, where a page's lines slope: what `recognition/lines.py`
 * does, and what of `layout.py` it needs, held to the same answers by a test.
 *
 * @typedef {import("./text.js").Box} Box
 * @typedef {{box: Box[], kind: number[][], crop: Uint8Array, line: number[]}} Pieces
 */

const STEEPEST = 0.18;
const LEVEL = 1 / 3;
const SLOPES_FROM = 0.5;
const LEADS_FROM = 0.5;

/** The pieces in reading order along the page's slope. @param {Pieces} pieces @returns {Pieces} */
export function inLines(pieces) {
  const { box, kind, crop } = pieces;
  const height = usualHeight(box);
  const leads = [...box.keys()].filter(
    (place) => sum(kind[place]) >= LEADS_FROM && box[place][3] - box[place][1] > height / 2,
  );
  if (leads.length < 2) return pieces;
  const leading = leads.map((place) => box[place]);
  const slope = slopeOf(leading);
  const wide = Math.max(...leading.map((it) => it[2])) - Math.min(...leading.map((it) => it[0]));
  if (Math.abs(slope) * wide < SLOPES_FROM * height) return pieces;
  const level = box.map((it) => levelled(it, slope));
  const y = level.map(([, top, , bottom]) => (top + bottom) / 2);
  const groups = groupsOf(leads.map((place) => [level[place][1], level[place][3]]));
  const heights = Array.from({ length: Math.max(...groups) + 1 }, (_, group) =>
    median(leads.filter((_, i) => groups[i] === group).map((place) => y[place])),
  );
  const line = y.map((at) => nearest(heights, at));
  for (const [i, place] of leads.entries()) line[place] = groups[i];
  const x = level.map(([left, , right]) => (left + right) / 2);
  const order = [...box.keys()].sort((a, b) => line[a] - line[b] || x[a] - x[b]);
  const size = crop.length / box.length;
  const crops = new Uint8Array(crop.length);
  for (const [to, place] of order.entries()) {
    crops.set(crop.subarray(place * size, (place + 1) * size), to * size);
  }
  const sorted = (values) => order.map((place) => values[place]);
  return { box: sorted(box), kind: sorted(kind), crop: crops, line: sorted(line) };
}

/** How far lines go down for each pixel to the right. @param {Box[]} boxes one or more */
function slopeOf(boxes) {
  const x = boxes.map(([left, , right]) => (left + right) / 2);
  const y = boxes.map(([, top, , bottom]) => (top + bottom) / 2);
  const within = LEVEL * usualHeight(boxes);
  const steps = Math.round((2 * STEEPEST * (Math.max(...x) - Math.min(...x))) / within);
  let slope = 0;
  let most = -1;
  for (let step = 0; step <= steps; step++) {
    for (const tried of [step, -step].map((it) => (STEEPEST * it) / Math.max(steps, 1))) {
      const pairs = levelPairs(y.map((at, i) => at - tried * x[i]), within);
      if (pairs > most) [slope, most] = [tried, pairs];
    }
  }
  let along = 0;
  let down = 0;
  for (const i of x.keys()) {
    for (const j of x.keys()) {
      const [run, fall] = [x[j] - x[i], y[j] - y[i]];
      if (Math.abs(fall - slope * run) >= within) continue;
      along += run * run;
      down += run * fall;
    }
  }
  return down / Math.max(along, 1);
}

/** How many numbers are less than `within` above another, each counted for itself, too. */
function levelPairs(heights, within) {
  const sorted = Float64Array.from(heights).sort();
  let [end, pairs] = [0, 0];
  for (const height of sorted) {
    while (end < sorted.length && sorted[end] < height + within) end++;
    pairs += end;
  }
  return pairs;
}

/** @param {Box[]} boxes */
function usualHeight(boxes) {
  const heights = boxes.map(([, top, , bottom]) => bottom - top);
  return sum(heights.map((height) => height * height)) / Math.max(sum(heights), 1);
}

/** @param {Box} box @returns {Box} */
function levelled([x0, y0, x1, y1], slope) {
  const [right, up] = [(slope * (y0 + y1)) / 2, (slope * (x0 + x1)) / 2];
  return [x0 + right, y0 - up, x1 + right, y1 - up];
}

/** The number of the group that each stretch is in. @param {[number, number][]} stretches */
function groupsOf(stretches) {
  const middle = ([start, stop]) => (start + stop) / 2;
  const order = [...stretches.keys()].sort((a, b) => middle(stretches[a]) - middle(stretches[b]));
  const groups = stretches.map(() => 0);
  let members = [];
  let number = -1;
  for (const place of order) {
    const [start, stop] = [0, 1].map((end) => median(members.map((it) => stretches[it][end])));
    const [first, last] = stretches[place];
    const shared = Math.min(stop, last) - Math.max(start, first);
    if (members.length === 0 || shared < Math.min(stop - start, last - first) / 3) {
      number++;
      members = [];
    }
    members.push(place);
    groups[place] = number;
  }
  return groups;
}

function nearest(heights, at) {
  const away = heights.map((height) => Math.abs(at - height));
  return away.indexOf(Math.min(...away));
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
