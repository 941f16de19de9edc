import { digitAt, drawBoxes } from "./boxes.js";
import { SheetHistory } from "./history.js";
import { drawStrokes, SENT_HEIGHT, toPng } from "./ink.js";
import { aspectFor, placeOf } from "./place.js";
import { writtenIn } from "./play.js";

/** The blank sheet's width in its heights: room for a number; upright on a phone. */
const WIDE = 1.8;
const UPRIGHT = 1.25;
const UPRIGHT_SCREEN = matchMedia("(max-width: 52rem) and (orientation: portrait)");

const LESS_MOTION = matchMedia("(prefers-reduced-motion: reduce)");

/** Nearer points than this part of the height add only jitter. */
const NEAREST = 0.002;

/** A mouse or finger that is this fast, in heights a second, leaves so much of the pen's width. */
const FAST = 6;
const THINNEST = 0.7;
/** So far a point's width goes from that of the one before towards its own. */
const YIELD = 0.25;

/**
 * The drawing surface. It fires "change" whenever what lies on it changes, also mid-stroke, and
 * "pick", with the digit's index as its detail, when a digit of a picture is pointed at.
 */
export class Sheet extends EventTarget {
  /** The width of the pen, as a part of the sheet's height. */
  penWidth = 0.04;

  /** What was read of what lies here. @type {import("./api.js").Reading | null} */
  #reading = null;
  /** The index of the digit whose box stands out. */
  #chosen = 0;
  #history = new SheetHistory();
  /** @type {{id: number, type: string, time: number, stroke: import("./ink.js").Stroke} | null} */
  #pen = null;
  /** So far is written what is shown as if it was written now; null if all is there. */
  #written = /** @type {readonly import("./ink.js").Stroke[] | null} */ (null);
  #drawRequested = false;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#lift(event));
    canvas.addEventListener("lostpointercapture", (event) => this.#lift(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    canvas.addEventListener("contextmenu", (event) => this.#pen && event.preventDefault());
    new ResizeObserver(() => this.#requestDraw()).observe(canvas);
  }

  /** Draws anew when the screen changes. @param {AbortSignal} [signal] until then */
  follow(signal) {
    const draw = () => this.#requestDraw();
    for (const change of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(change).addEventListener("change", draw, { signal });
    }
    window.addEventListener("resize", draw, { signal }); // zooming
  }

  get isBlank() {
    return !this.picture && !this.#pen && this.content.strokes.length === 0;
  }

  /** Whether more ink is on its way. */
  get isDrawing() {
    return this.#pen !== null || this.#written !== null;
  }

  get canUndo() {
    return this.#history.canUndo || this.#pen !== null;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** Without the stroke that is being drawn. */
  get content() {
    return this.#history.content;
  }

  get picture() {
    return this.content.picture;
  }

  /** The width that the sheet should have, in its heights; that of a drawing does not change. */
  get aspect() {
    const { picture, strokes, aspect } = this.content;
    if (picture?.bitmap) return aspectFor(picture.bitmap);
    return (strokes.length > 0 && aspect) || this.ownAspect;
  }

  /** That of the blank sheet. */
  get ownAspect() {
    return UPRIGHT_SCREEN.matches ? UPRIGHT : WIDE;
  }

  /** With the one that is being drawn. @returns {readonly import("./ink.js").Stroke[]} */
  get strokes() {
    const { strokes, isExample } = this.content;
    if (this.#written) return this.#written; // what is read is what is shown
    if (!this.#pen) return strokes;
    return isExample ? [this.#pen.stroke] : [...strokes, this.#pen.stroke];
  }

  /** @returns {Promise<Blob>} the picture that was put here, or the drawing as a PNG */
  async toBlob() {
    return this.picture ? this.picture.file : toPng(this.strokes, this.aspect);
  }

  /** Takes back the stroke that is being drawn, or else what was done last. */
  undo() {
    if (this.#pen) this.#pen = null;
    else this.#history.undo();
    this.#changed();
  }

  redo() {
    this.#history.redo();
    this.#changed();
  }

  clear() {
    this.#pen = null;
    this.#history.clear();
    this.#changed();
  }

  /** @param {import("./history.js").Content} content takes the place of what lies here */
  put(content) {
    this.#lay(content);
    this.#changed();
  }

  /** The same, as if a pen wrote it now. @param {import("./history.js").Content} content */
  write(content) {
    if (LESS_MOTION.matches) return this.put(content);
    this.#lay(content);
    this.#written = [];
    const begun = performance.now();
    const play = () => {
      if (!this.#written || this.content.strokes !== content.strokes) return;
      this.#written = writtenIn(content.strokes, (performance.now() - begun) / 1000);
      const isThere = this.#written === content.strokes;
      if (isThere) this.#written = null;
      else requestAnimationFrame(play);
      this.#show();
    };
    play();
  }

  /** What is being written as if by a pen is there at once. */
  finish() {
    if (this.#written) this.#changed();
  }

  /** @param {import("./api.js").Reading} reading of what lies here */
  mark(reading) {
    this.#reading = reading;
    this.#requestDraw();
  }

  /** @param {number} index of the digit whose box is to stand out */
  choose(index) {
    this.#chosen = index;
    this.#requestDraw();
  }

  /** Where the picture that is sent lies on a canvas of that size. @param {import("./place.js").Size} canvas */
  placeOn(canvas) {
    const sent = { width: Math.round(SENT_HEIGHT * this.aspect), height: SENT_HEIGHT };
    return placeOf(this.picture?.bitmap ?? sent, canvas);
  }

  /** @param {import("./history.js").Content} content */
  #lay(content) {
    this.#pen = null;
    this.#history.put({ aspect: this.aspect, ...content });
  }

  #changed() {
    this.#written = null;
    this.#show();
  }

  #show() {
    this.#reading = null;
    this.#requestDraw();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    if (this.picture) {
      this.#pick(event);
      return;
    }
    // A hand that rests on the glass often arrives before the pen: the pen takes over from it.
    if (this.#pen && !(event.pointerType === "pen" && this.#pen.type === "touch")) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const { pointerId: id, pointerType: type, timeStamp: time } = event;
    this.#pen = { id, type, time, stroke: [{ ...this.#place(event), width: this.#pressed(event), time }] };
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const pen = this.#pen;
    if (pen?.id !== event.pointerId) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const place = this.#place(move);
      const last = pen.stroke[pen.stroke.length - 1];
      const distance = Math.hypot(place.x - last.x, place.y - last.y);
      if (distance < NEAREST) continue;
      const width = this.#pressed(move, distance / Math.max(move.timeStamp - pen.time, 1));
      pen.time = move.timeStamp;
      pen.stroke.push({ ...place, width: last.width + YIELD * (width - last.width), time: pen.time });
    }
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (this.#pen?.id !== event.pointerId) return;
    const { isExample, isForeign, typed } = this.content;
    const isMixed = !isExample && (isForeign || typed !== undefined);
    this.put({ strokes: this.strokes, picture: null, ...(isMixed && { isForeign: true }) });
  }

  /** The system took the pointer for a gesture of its own, so this was no stroke. */
  #cancel(event) {
    if (this.#pen?.id !== event.pointerId) return;
    this.#pen = null;
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #pick(event) {
    if (!this.picture?.bitmap || !this.#reading) return;
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top].map((at) => at * devicePixelRatio);
    const index = digitAt(this.placeOn(this.canvas), this.#reading, x, y);
    if (index >= 0) this.dispatchEvent(new CustomEvent("pick", { detail: index }));
  }

  /** @param {PointerEvent} event */
  #place({ clientX, clientY }) {
    const sheet = this.canvas.getBoundingClientRect();
    return { x: (clientX - sheet.left) / sheet.height, y: (clientY - sheet.top) / sheet.height };
  }

  /** How broad a line is: a pen's by how hard it is pressed, of others by how slow they are. */
  #pressed({ pointerType, pressure }, heightsInMs = 0) {
    if (pointerType === "pen" && pressure > 0) return this.penWidth * (0.5 + pressure);
    return this.penWidth * Math.max(1 - ((1 - THINNEST) * 1000 * heightsInMs) / FAST, THINNEST);
  }

  #requestDraw() {
    if (this.#drawRequested) return;
    this.#drawRequested = true;
    requestAnimationFrame(() => {
      this.#drawRequested = false;
      this.#draw();
    });
  }

  #draw() {
    const { canvas, context } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.round(side * devicePixelRatio),
    );
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.clearRect(0, 0, width, height);
    this.drawOn(context);
  }

  /**
   * What lies here, as large as it fits, with boxes around what was read: all of a picture, of a
   * drawing what a look at it is worth.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {number} [unit] its pixels for one of CSS
   */
  drawOn(context, unit = devicePixelRatio) {
    const place = this.placeOn(context.canvas);
    const style = getComputedStyle(this.canvas);
    const { picture } = this;
    if (picture?.bitmap) drawPicture(context, picture.bitmap, place);
    else drawStrokes(context, this.strokes, context.canvas.height, style.color);
    if (!this.#reading || (picture && !picture.bitmap)) return;
    const onlyUnclear = !picture;
    drawBoxes(context, place, this.#reading, { chosen: this.#chosen, onlyUnclear, style, unit });
  }
}

/** @param {CanvasRenderingContext2D} context @param {ImageBitmap} bitmap @param {import("./place.js").Place} place */
function drawPicture(context, bitmap, { left, top, scale }) {
  context.imageSmoothingEnabled = scale < 2; // a tiny picture shows its pixels
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, bitmap.width * scale, bitmap.height * scale);
}
