import { digitRow, element, showGuess, showNothing, showReading, showWaiting } from "./answer.js";
import { Readings, Refused, Unreachable } from "./api.js";
import { written } from "./glyphs.js";
import { hasCorrected, keepDrawing, keptDrawing } from "./kept.js";
import { listenToKeys } from "./keyboard.js";
import { decode } from "./link.js";
import { acceptPictures } from "./pictures.js";
import { reader } from "./reader.js";
import { remember } from "./recent.js";
import { offer } from "./saves.js";
import { Sheet } from "./sheet.js";

/** A screen reader hears the answer once nothing has changed for this long. */
const SETTLED_MS = 700;

/** How long to wait before a reader that did not answer is asked again. */
const RETRY_MS = 2000;

/** An answer that takes longer is said to. */
const SLOW_MS = 1500;

/** What is written at first sight, unless somebody wants no motion. */
const FIRST_EXAMPLE = "12+7";
const FIRST_SIGHT_MS = 600;

const canvas = /** @type {HTMLCanvasElement} */ (element("sheet"));
const undo = /** @type {HTMLButtonElement} */ (element("undo"));
const redo = /** @type {HTMLButtonElement} */ (element("redo"));
const clear = /** @type {HTMLButtonElement} */ (element("clear"));
const pens = /** @type {HTMLFieldSetElement} */ (element("pens"));
const frame = element("frame");
const hint = element("hint");
const caption = element("caption");
const notice = element("notice");
const examples = element("examples");

const sheet = new Sheet(canvas);
sheet.follow();
const readings = new Readings({ onReading, onError }, reader);
let mostBytes = Infinity;
let settling = 0;
let retrying = 0;
let slow = 0;
/** Counts what comes onto the sheet, so that a picture that takes long to open comes no more. */
let turn = 0;
/** The picture that the newest question is about; null for the drawing. */
let asked = sheet.picture;
/** The strokes that the page's address writes. */
let linked = sheet.content.strokes;
/** What was read last, and of what. @type {{text: string, content: import("./history.js").Content} | null} */
let answered = null;
let isPreparing = false;
/** Called when it is known for how many days the server keeps corrections, if any; null: it is. */
let tellKeepsDays = /** @type {((days: number | undefined) => void) | null} */ (null);
/** @type {Promise<number | undefined>} */
const keepsDays = new Promise((resolve) => (tellKeepsDays = resolve));
/**
 * It comes when a visitor has written something now, or corrected something before.
 *
 * @type {Promise<typeof import("./corrections.js")> | null}
 */
let corrections = null;

sheet.addEventListener("change", () => {
  clearTimeout(retrying);
  turn++;
  showTools();
  if (!sheet.picture) tell("");
  offer(sheet, null);
  offerCorrections(null);
  rememberAnswered();
  if (location.hash && sheet.content.strokes !== linked) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  if (sheet.picture !== asked) {
    cancel(); // what was asked about the drawing is not about the picture, and so on
    asked = sheet.picture;
    if (asked) showNothing("reading", "", "");
  }
  if (!sheet.isDrawing) keepDrawing(sheet.content);
  if (sheet.isBlank) {
    showBlank();
    return;
  }
  wait();
  readings.ask(() => sheet.toBlob(), !sheet.isDrawing);
});

undo.addEventListener("click", () => sheet.undo());
redo.addEventListener("click", () => sheet.redo());
clear.addEventListener("click", () => sheet.clear());
for (const example of examples.querySelectorAll("button")) {
  example.addEventListener("click", () => write(example.textContent ?? ""));
}
acceptPictures(take, tell);
listenToKeys(sheet);

digitRow.addEventListener("choose", () => sheet.choose(digitRow.chosen));
sheet.addEventListener("pick", (event) => {
  digitRow.pick(/** @type {CustomEvent} */ (event).detail);
});

for (const pen of pens.querySelectorAll("input")) {
  pen.addEventListener("change", () => setPen(pen));
  if (pen.checked) setPen(pen); // browsers remember the choice over a reload
}

prepare();
begin();
addEventListener("hashchange", () => writeLinked(null));

function prepare() {
  const progress = /** @type {HTMLProgressElement} */ (element("progress"));
  const onProgress = (share) => {
    progress.hidden = false;
    progress.value = share;
  };
  const onReady = (ready) => {
    mostBytes = ready.bytes;
    const days = ready.keepsDays;
    if (days !== null) {
      tellKeepsDays?.(days);
      tellKeepsDays = null;
    }
    if (days && hasCorrected()) loadCorrections();
    if (sheet.isBlank && element("page").dataset.state === "error") showBlank();
  };
  isPreparing = true;
  const prepared = reader.prepare(onProgress).finally(() => {
    isPreparing = false;
    progress.hidden = true;
  });
  prepared.then(onReady, onError);
}

/** With what a link writes, what was there before a reload, or else an example. */
function begin() {
  offer(sheet, null);
  const kept = keptDrawing();
  if (writeLinked(kept)) return;
  if (kept) {
    sheet.put(kept);
  } else if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    setTimeout(() => turn === 0 && write(FIRST_EXAMPLE), FIRST_SIGHT_MS);
  }
}

/**
 * Write what the page's address says.
 *
 * @param {import("./history.js").Content | null} kept before a reload, which may be the same drawing
 * @returns {boolean} whether the address is such a link
 */
function writeLinked(kept) {
  const link = /^#write=(.+)/.exec(location.hash);
  if (!link) return false;
  const drawing = decode(link[1]);
  if (!drawing) {
    tell("This link is damaged, and nothing can be written from it. Ask for it again.");
  } else if (kept && JSON.stringify(kept.strokes) === JSON.stringify(drawing.strokes)) {
    linked = kept.strokes;
    sheet.put(kept);
  } else {
    linked = drawing.strokes;
    sheet.write({ ...drawing, picture: null, isForeign: true });
  }
  return true;
}

/** @param {string} text an example, which the next stroke takes the place of */
function write(text) {
  const aspect = sheet.ownAspect;
  sheet.write({
    strokes: written(text, sheet.penWidth, aspect),
    picture: null,
    aspect,
    isExample: true,
  });
}

/** @param {import("./api.js").Reading} answer @param {boolean} isFinal */
function onReading(answer, isFinal) {
  clearTimeout(retrying);
  const reading = answer.sure ? { ...answer, marks: answer.marks.map(toSure) } : answer;
  if (!isFinal || sheet.isDrawing) {
    showGuess(reading);
    return;
  }
  clearTimeout(slow);
  const words = showReading(reading);
  sheet.mark(reading);
  offer(sheet, reading);
  offerCorrections(reading);
  if (tellKeepsDays && !isPreparing) prepare(); // it answers again
  answered = reading.text ? { text: reading.text, content: sheet.content } : null;
  announceWhenSettled(words);
}

/** @param {import("./api.js").Reading | null} reading of what lies on the sheet */
function offerCorrections(reading) {
  if (reading && !sheet.content.isExample) loadCorrections();
  corrections?.then((loaded) => loaded.offerCorrections(sheet, reading), () => {});
}

function loadCorrections() {
  corrections ??= Promise.all([import("./corrections.js"), keepsDays]).then(([loaded, days]) => {
    loaded.beginCorrections(days);
    return loaded;
  });
  corrections.catch(() => (corrections = null)); // the next reading tries again
}

/** @param {Error} error */
function onError(error) {
  clearTimeout(retrying);
  clearTimeout(slow);
  if (error instanceof Refused) {
    showNothing("error", "No reading", error.message);
    announceWhenSettled(error.message);
    return;
  }
  if (!(error instanceof Unreachable)) {
    console.error(error);
    showNothing("error", "Something went wrong in this page", "Load it again. A drawing stays.");
    announceWhenSettled("Something went wrong in this page.");
    return;
  }
  const { message, detail } = error;
  showNothing("error", message, detail);
  announceWhenSettled(`${message}.`);
  retrying = setTimeout(() => {
    if (sheet.isBlank) prepare();
    else readings.ask(() => sheet.toBlob());
  }, RETRY_MS);
}

/** What is shown is of older ink. */
function wait() {
  const title = sheet.picture ? "Reading the picture" : "Reading";
  showWaiting(title);
  clearTimeout(slow);
  if (!sheet.isDrawing)
    slow = setTimeout(() => showWaiting(title, "The answer is on its way."), SLOW_MS);
}

/** A mark of a reading that is sure as a whole: which it is of two alike does not matter. */
function toSure(mark) {
  return { ...mark, sure: true };
}

/** Once the sheet has something else on it than was read, that is a reading of before. */
function rememberAnswered() {
  if (!answered || originOf(answered.content) === originOf(sheet.content)) return;
  const { text, content } = answered;
  answered = null;
  if (!content.isExample) remember(text, content, (before) => sheet.put(before));
}

/** What stays the same while more is written. @param {import("./history.js").Content} content */
function originOf({ picture, strokes, typed }) {
  return picture ?? (typed === undefined ? strokes[0] : "typed");
}

/** Neither what was asked is answered any more, nor is anything said or asked again about it. */
function cancel() {
  clearTimeout(slow);
  clearTimeout(retrying);
  readings.cancel();
}

function showBlank() {
  cancel();
  showNothing("blank", "Nothing is drawn yet", "Write a digit or a number on the sheet.");
  announceWhenSettled("The sheet is blank.");
}

/** @param {File} file takes the place of the drawing */
async function take(file) {
  if (file.size > mostBytes) {
    const most = `${mostBytes / 2 ** 20} MiB`;
    tell(`${file.name} is larger than ${most}. Choose a smaller picture.`);
    return;
  }
  sheet.finish(); // each further stroke would be newer than the picture
  const mine = ++turn;
  tell("");
  const isWanted = () => mine === turn;
  const picture = await opened(file, isWanted);
  if (!isWanted()) return;
  caption.textContent = `${file.name} cannot be shown here.`;
  sheet.put({ strokes: [], picture });
}

/**
 * @param {File} file
 * @param {() => boolean} isWanted false: something else has come onto the sheet
 * @returns {Promise<import("./history.js").Picture>}
 */
async function opened(file, isWanted) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap || !reader.shown || !isWanted()) return { file, bitmap };
  try {
    cancel();
    showWaiting("Opening the picture");
    const shown = await reader.shown(file); // the server knows more formats
    if (shown.pages > 1 && isWanted()) tell(`Of ${shown.pages} pages the first is read.`);
    return { file: shown.file, bitmap: await createImageBitmap(shown.file) };
  } catch {
    return { file, bitmap }; // who reads it says why
  }
}

/** @param {HTMLInputElement} pen */
function setPen(pen) {
  sheet.penWidth = Number(pen.value);
}

function showTools() {
  undo.disabled = !sheet.canUndo;
  redo.disabled = !sheet.canRedo;
  clear.disabled = sheet.isBlank;
  pens.disabled = sheet.picture !== null;
  hint.hidden = !sheet.isBlank;
  caption.hidden = !sheet.picture || sheet.picture.bitmap !== null;
  frame.classList.toggle("pictured", sheet.picture !== null);
  if (sheet.isBlank) frame.style.removeProperty("--aspect");
  else frame.style.setProperty("--aspect", String(sheet.aspect));
  canvas.setAttribute("aria-label", describeSheet());
}

/** @param {string} words that stand where the examples are; none: the examples again */
function tell(words) {
  notice.textContent = words;
  notice.hidden = !words;
  if (words) element("announcement").textContent = words; // one that was hidden is not heard of
  examples.hidden = !!words;
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
