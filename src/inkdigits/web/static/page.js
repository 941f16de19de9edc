import { digitRow, element, showNothing, showReading } from "./answer.js";
import { Readings, Refused, Unreachable } from "./api.js";
import { reader } from "./reader.js";
import { Sheet } from "./sheet.js";

/** A screen reader hears the answer once nothing has changed for this long. */
const SETTLED_MS = 700;

/** How long to wait before a reader that did not answer is asked again. */
const RETRY_MS = 2000;

const canvas = /** @type {HTMLCanvasElement} */ (element("sheet"));
const undo = /** @type {HTMLButtonElement} */ (element("undo"));
const clear = /** @type {HTMLButtonElement} */ (element("clear"));
const frame = element("frame");
const hint = element("hint");
const caption = element("caption");

const sheet = new Sheet(canvas);
const readings = new Readings({ onReading, onError }, reader);
let mostBytes = Infinity;
let settling = 0;
let retrying = 0;
/** Counts what comes onto the sheet, so that a picture that takes long to open comes no more. */
let turn = 0;
/** The picture that the newest question is about; null for the drawing. */
let asked = sheet.picture;

prepare();

sheet.addEventListener("change", () => {
  clearTimeout(retrying);
  turn++;
  undo.disabled = !sheet.canUndo;
  clear.disabled = sheet.isBlank;
  hint.hidden = !sheet.isBlank;
  canvas.setAttribute("aria-label", describeSheet());
  caption.hidden = !sheet.picture || sheet.picture.bitmap !== null;
  frame.classList.toggle("pictured", sheet.picture !== null);
  frame.style.setProperty("--aspect", String(sheet.aspect));
  if (sheet.picture !== asked) {
    readings.cancel(); // what was asked about the drawing is not about the picture, and so on
    asked = sheet.picture;
    if (asked) showNothing("blank", "Reading the picture", "");
  }
  if (sheet.isBlank) {
    showBlank();
    return;
  }
  readings.ask(() => sheet.toBlob());
});

undo.addEventListener("click", () => sheet.undo());
clear.addEventListener("click", () => sheet.clear());
for (const name of ["camera", "file"]) {
  const input = /** @type {HTMLInputElement} */ (element(name));
  element(`choose-${name}`).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
}

digitRow.addEventListener("choose", () => sheet.choose(digitRow.chosen));
sheet.addEventListener("pick", (event) => {
  digitRow.pick(/** @type {CustomEvent} */ (event).detail);
});

for (const pen of document.querySelectorAll("input[name=pen]")) {
  pen.addEventListener("change", () => setPen(pen));
  if (pen.checked) setPen(pen); // browsers remember the choice over a reload
}

document.addEventListener("keydown", (event) => {
  if (event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    sheet.undo();
  } else if (["Escape", "Delete", "Backspace"].includes(event.key)) {
    sheet.clear();
  }
});

document.addEventListener("paste", (event) => take(event.clipboardData?.files));
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  take(event.dataTransfer?.files);
});

function prepare() {
  const progress = /** @type {HTMLProgressElement} */ (element("progress"));
  const onProgress = (share) => {
    progress.hidden = false;
    progress.value = share;
  };
  const onReady = ({ bytes }) => {
    progress.hidden = true;
    mostBytes = bytes;
    if (sheet.isBlank && element("page").dataset.state === "error") showBlank();
  };
  reader.prepare(onProgress).then(onReady, onError);
}

/** @param {import("./api.js").Reading} reading */
function onReading(reading) {
  clearTimeout(retrying);
  const words = showReading(reading);
  if (sheet.picture) sheet.mark(reading);
  announceWhenSettled(words);
}

/** @param {Error} error */
function onError(error) {
  clearTimeout(retrying);
  if (error instanceof Refused) {
    showNothing("error", "No reading", error.message);
    announceWhenSettled(error.message);
    return;
  }
  const { message, detail } = error instanceof Unreachable ? error : new Unreachable();
  showNothing("error", message, detail);
  announceWhenSettled(`${message}.`);
  retrying = setTimeout(() => {
    if (sheet.isBlank) prepare();
    else readings.ask(() => sheet.toBlob());
  }, RETRY_MS);
}

function showBlank() {
  readings.cancel();
  showNothing("blank", "Nothing is drawn yet", "Write a digit or a number on the sheet.");
  announceWhenSettled("The sheet is blank.");
}

/** @param {FileList | undefined | null} files the first of which takes the place of the drawing */
async function take(files) {
  const file = files?.[0];
  if (!file) return;
  const mine = ++turn;
  if (file.size > mostBytes) {
    readings.cancel();
    const most = `${mostBytes / 2 ** 20} MiB`;
    onError(new Refused(`${file.name} is larger than ${most}. Choose a smaller picture.`));
    return;
  }
  const bitmap = await createImageBitmap(file).catch(() => null); // some only the server decodes
  if (mine !== turn) return;
  caption.textContent = `${file.name} cannot be shown here.`;
  sheet.show({ file, bitmap });
}

/** @param {HTMLInputElement} pen */
function setPen(pen) {
  sheet.penWidth = Number(pen.value);
}

function describeSheet() {
  if (sheet.isBlank) return "The sheet is blank.";
  if (sheet.picture) return "The sheet shows your picture.";
  const count = sheet.strokes.length;
  return `The sheet has ${count} ${count === 1 ? "stroke" : "strokes"}.`;
}

/** @param {string} words */
function announceWhenSettled(words) {
  clearTimeout(settling);
  settling = setTimeout(() => {
    if (sheet.isDrawing || readings.isBusy) return; // the next answer comes here, too
    element("announcement").textContent = words;
  }, SETTLED_MS);
}
