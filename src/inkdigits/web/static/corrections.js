/** After a reading: saying what a digit really is, or that all of it is right. */

import { digitRow, element } from "./answer.js";
import { cutDrawing, cutPhoto, wholePhoto } from "./cut.js";
import { api, Outbox, toLines } from "./outbox.js";
import { save } from "./saves.js";
import { shelfIn } from "./shelf.js";

const panel = element("correct");
const question = element("question");
const photoToo = /** @type {HTMLInputElement} */ (element("photo-too"));
const takeBack = /** @type {HTMLButtonElement} */ (element("take-back"));
const said = element("said");
const waiting = element("waiting");

/** @type {Outbox | null} none where the browser keeps nothing for pages */
let outbox = null;
/** @type {{sheet: import("./sheet.js").Sheet, reading: import("./api.js").Reading} | null} */
let current = null;
/** What was said of each digit of the reading. @type {Map<number, number | null>} */
let labels = new Map();
/** As which entry of the outbox that was said. @type {Map<number, string>} */
let entries = new Map();
/** Of which digits, by their entries, something was said together, the newest last. @type {Map<string, number>[]} */
let steps = [];

for (const label of [...Array(10).keys(), null]) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label === null ? "No digit" : String(label);
  button.addEventListener("click", () => correct([digitRow.chosen], () => label));
  element("labels").append(button);
}
element("all-right").addEventListener("click", () => {
  const digits = current?.reading.digits ?? [];
  const rest = [...digits.keys()].filter((index) => !labels.has(index));
  correct(rest, (index) => digits[index].value);
});
takeBack.addEventListener("click", undo);
element("save-corrections").addEventListener("click", () => {
  const content = new Blob([toLines(outbox?.entries ?? [])], { type: "application/x-ndjson" });
  void save(content, "corrections.jsonl");
});
element("forget-corrections").addEventListener("click", () => outbox?.forget());
digitRow.addEventListener("choose", ask);

/**
 * @param {number | undefined} days for which the server keeps corrections; without it they stay in
 *   this browser
 */
export function beginCorrections(days) {
  if (outbox) return;
  try {
    outbox = new Outbox(shelfIn(localStorage), days ? api : null);
    outbox.session; // which fails where nothing can be kept
  } catch {
    outbox = null;
    return;
  }
  outbox.addEventListener("change", show);
  outbox.addEventListener("refuse", (event) => {
    const { detail, id } = /** @type {CustomEvent & {id: string}} */ (event);
    for (const [index, entry] of entries) if (entry === id) labels.delete(index);
    for (const step of steps) step.delete(id);
    steps = steps.filter((step) => step.size > 0); // as the outbox, which has nothing to undo of it
    ask();
    say(`It was not kept: ${detail}`);
  });
  outbox.addEventListener("stay", (event) => {
    say(`It was not taken back: ${/** @type {CustomEvent} */ (event).detail}`);
  });
  addEventListener("online", () => outbox?.send());
  element("what-is-kept").textContent = days
    ? `What you say here is kept on this server for ${days} days, so that it learns to read more ` +
      "hands: the digit as you wrote it, with its strokes, what you say it is, what it was read as, " +
      "when, and a random number of this browser. No name and no address. A person looks at it " +
      "before anything is learned from it. Undo takes it back."
    : "What you say here stays in this browser and is sent nowhere. Saved as a file it teaches a " +
      "model of your own: inkdigits train --data corrections:FILE.";
  if (days) element("promise").textContent += " Only digits that you correct, or call right, are kept.";
  panel.hidden = !current;
  show();
  void outbox.send();
}

/**
 * What can be corrected from now on.
 *
 * @param {import("./sheet.js").Sheet} sheet
 * @param {import("./api.js").Reading | null} reading of what lies on the sheet; null if there is none
 */
export function offerCorrections(sheet, reading) {
  const { picture, isExample, isForeign, typed } = sheet.content;
  const isWritten = !isExample && !isForeign && typed === undefined; // by a hand, here
  const canBeCut = !picture || picture.bitmap; // some only the server decodes
  current = isWritten && canBeCut && reading?.digits.length ? { sheet, reading } : null;
  labels = new Map();
  entries = new Map();
  steps = [];
  panel.hidden = !outbox || !current;
  /** @type {HTMLElement} */ (photoToo.parentElement).hidden = !picture;
  say("");
  ask();
}

/** @param {number[]} indices of digits @param {(index: number) => number | null} labelOf */
function correct(indices, labelOf) {
  if (!current || !outbox || indices.length === 0) return;
  const { sheet, reading } = current;
  const { strokes, picture } = sheet.content;
  const bitmap = picture?.bitmap;
  const whole = bitmap && photoToo.checked ? wholePhoto(bitmap) : null;
  const corrections = indices.map((index) => {
    const { box } = reading.digits[index];
    const cut = bitmap ? cutPhoto(bitmap, box, reading.turned, whole) : cutDrawing(strokes, box);
    return { ...cut, label: labelOf(index) };
  });
  let ids;
  try {
    ids = outbox.put(corrections);
  } catch {
    const advice = waiting.hidden
      ? "Say it of one digit, or without the whole photo."
      : "Save what is here as a file, and forget it.";
    say(`This browser has no room for more. ${advice}`);
    return;
  }
  steps.push(new Map(indices.map((index, i) => [ids[i], index])));
  for (const [i, index] of indices.entries()) {
    labels.set(index, labelOf(index));
    entries.set(index, ids[i]);
  }
  say("Thank you. It is noted.");
  ask();
}

async function undo() {
  for (const index of steps.pop()?.values() ?? []) labels.delete(index);
  ask();
  if (await outbox?.undo()) say("It is taken back.");
  else if (outbox?.isOwing) say("The server has not answered yet. It is taken back once it answers.");
}

function ask() {
  const digit = current?.reading.digits[digitRow.chosen];
  if (!digit) return;
  const label = labels.get(digitRow.chosen);
  const which = `The ${digit.value}${(current?.reading.digits.length ?? 0) > 1 ? " that is chosen" : ""}`;
  if (label === undefined) question.textContent = `${which} is really`;
  else question.textContent = `${which} is ${label ?? "no digit"}, you said.`;
}

function show() {
  const count = outbox?.entries.length ?? 0;
  takeBack.disabled = !outbox?.canUndo;
  waiting.hidden = count === 0;
  const what = count === 1 ? "1 correction is" : `${count} corrections are`;
  const why = outbox?.server ? " until the server has it on its disk." : ".";
  element("waiting-count").textContent = `${what} in this browser${why}`;
}

/** @param {string} text */
function say(text) {
  said.textContent = text;
}
