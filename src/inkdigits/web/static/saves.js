/** What the answer is kept as: on the clipboard, as a table, a picture, a link; and in full screen. */

import { element } from "./answer.js";
import { encode } from "./link.js";
import { tableOf } from "./table.js";

/** The height of a saved drawing, and the longest side of a saved picture, in pixels. */
const DRAWING_HEIGHT = 720;
const LONGEST = 4000;

/** A button says for so long that it did what it is for. */
const SAID_MS = 1600;

/** Some browsers ask first where to save a file, and read it only then. */
const TO_BE_SAVED_MS = 60_000;

const copy = button("copy");
const saveTable = button("save-table");
const savePicture = button("save-picture");
const copyLink = button("copy-link");
const enlarge = button("enlarge");

enlarge.hidden = !document.fullscreenEnabled;
enlarge.addEventListener("click", () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void element("page").requestFullscreen();
});
document.addEventListener("fullscreenchange", () => {
  enlarge.textContent = document.fullscreenElement ? "Leave full screen" : "Full screen";
});

/**
 * What the buttons keep from now on.
 *
 * @param {import("./sheet.js").Sheet} sheet
 * @param {import("./api.js").Reading | null} reading of what lies on the sheet; null if there is none
 */
export function offer(sheet, reading) {
  const text = reading?.text ?? "";
  copy.disabled = saveTable.disabled = !text;
  savePicture.disabled = !reading;
  copyLink.disabled = !reading || sheet.picture !== null;
  if (!reading) return;
  copy.onclick = () => keep(copy, "Copied", toClipboard(text));
  saveTable.onclick = () =>
    keep(saveTable, "Saved", save(new Blob([tableOf(reading)]), "inkdigits.csv"));
  savePicture.onclick = () => keep(savePicture, "Saved", toPicture(sheet));
  copyLink.onclick = () => keep(copyLink, "Copied", toClipboard(linkTo(sheet)));
}

/** @param {import("./sheet.js").Sheet} sheet @returns {string} the address that writes what is on it */
function linkTo({ content: { strokes }, aspect }) {
  const address = new URL(location.href);
  address.hash = `write=${encode({ strokes, aspect })}`;
  history.replaceState(null, "", address);
  return address.href;
}

/** @param {HTMLButtonElement} pressed @param {string} done @param {Promise<void>} work */
async function keep(pressed, done, work) {
  const name = pressed.dataset.name ?? (pressed.dataset.name = pressed.textContent ?? "");
  pressed.textContent = await work.then(
    () => done,
    () => "Not possible",
  );
  element("announcement").textContent = pressed.textContent;
  setTimeout(() => (pressed.textContent = name), SAID_MS);
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyByHand(text); // a page without https has no clipboard, and one in a frame may not use it
  }
}

/** @param {string} text */
function copyByHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (!isDone) throw new Error("no clipboard");
}

/** @param {import("./sheet.js").Sheet} sheet */
async function toPicture(sheet) {
  const bitmap = sheet.picture?.bitmap;
  const shrunk = bitmap ? Math.min(LONGEST / Math.max(bitmap.width, bitmap.height), 1) : 1;
  const height = bitmap ? Math.round(bitmap.height * shrunk) : DRAWING_HEIGHT;
  const width = bitmap ? Math.round(bitmap.width * shrunk) : Math.round(DRAWING_HEIGHT * sheet.aspect);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = getComputedStyle(sheet.canvas).getPropertyValue("--sheet");
  context.fillRect(0, 0, width, height);
  sheet.drawOn(context, height / sheet.canvas.clientHeight);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("no picture");
  return save(blob, "inkdigits.png");
}

/** As a file of that name. @param {Blob} content @param {string} name */
export async function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), TO_BE_SAVED_MS);
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}
