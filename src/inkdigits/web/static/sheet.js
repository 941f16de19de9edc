import { digitAt, drawBoxes } from "./boxes.js";
import { SheetHistory } from "./history.js";
import { ASPECT, drawStrokes, toPng } from "./ink.js";
import { aspectFor, placeOf } from "./place.js";

/** Nearer points than this part of the height add only jitter. */
const NEAREST = 0.002;

/**
 * The drawing surface. It fires "change" whenever what lies on it changes, also mid-stroke, and
 * "pick", with the digit's index as its detail, when a digit of a picture is pointed at.
 */
export class Sheet extends EventTarget {
  /** The width of the pen, as a part of the sheet's height. */
  penWidth = 0.055;

  /** What was read in the picture. @type {import("./api.js").Reading | null} */
  #reading = null;
  /** The index of the digit whose box stands out. */
  #chosen = 0;
  #history = new SheetHistory();
  /** @type {{id: number, type: string, stroke: import("./ink.js").Stroke} | null} */
  #pen = null;
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
    for (const change of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(change).addEventListener("change", () => this.#requestDraw());
    }
    window.addEventListener("resize", () => this.#requestDraw()); // zooming
  }

  get isBlank() {
    return !this.picture && this.strokes.length === 0;
  }

  get isDrawing() {
    return this.#pen !== null;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get picture() {
    return this.#history.content.picture;
  }

  /** The width that the sheet should have, in its heights. */
  get aspect() {
    const bitmap = this.picture?.bitmap;
    return bitmap ? aspectFor(bitmap) : ASPECT;
  }

  /** With the one that is being drawn. */
  get strokes() {
    const { strokes } = this.#history.content;
    return this.#pen ? [...strokes, this.#pen.stroke] : strokes;
  }

  /** @returns {Promise<Blob>} the picture that was put here, or the drawing as a PNG */
  async toBlob() {
    return this.picture ? this.picture.file : toPng(this.strokes);
  }

  undo() {
    this.#pen = null;
    this.#history.undo();
    this.#changed();
  }

  clear() {
    this.#pen = null;
    this.#history.clear();
    this.#changed();
  }

  /** @param {import("./history.js").Picture} picture takes the place of what lies here */
  show(picture) {
    this.#pen = null;
    this.#put({ strokes: [], picture });
  }

  /** @param {import("./api.js").Reading} reading of the picture */
  mark(reading) {
    this.#reading = reading;
    this.#requestDraw();
  }

  /** @param {number} index of the digit whose box is to stand out */
  choose(index) {
    this.#chosen = index;
    this.#requestDraw();
  }

  /** @param {import("./history.js").Content} content */
  #put(content) {
    this.#history.put(content);
    this.#changed();
  }

  #changed() {
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
    this.#pen = { id: event.pointerId, type: event.pointerType, stroke: [this.#point(event)] };
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const pen = this.#pen;
    if (pen?.id !== event.pointerId) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const point = this.#point(move);
      const last = pen.stroke[pen.stroke.length - 1];
      if (Math.hypot(point.x - last.x, point.y - last.y) >= NEAREST) pen.stroke.push(point);
    }
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (this.#pen?.id !== event.pointerId) return;
    const strokes = this.strokes;
    this.#pen = null;
    this.#put({ strokes, picture: null });
  }

  /** The system took the pointer for a gesture of its own, so this was no stroke. */
  #cancel(event) {
    if (this.#pen?.id !== event.pointerId) return;
    this.#pen = null;
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #pick(event) {
    const bitmap = this.picture?.bitmap;
    if (!bitmap || !this.#reading) return;
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top].map((at) => at * devicePixelRatio);
    const index = digitAt(placeOf(bitmap, this.canvas), this.#reading, x, y);
    if (index >= 0) this.dispatchEvent(new CustomEvent("pick", { detail: index }));
  }

  /** @param {PointerEvent} event @returns {import("./ink.js").Point} */
  #point(event) {
    const sheet = this.canvas.getBoundingClientRect();
    const force = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return {
      x: (event.clientX - sheet.left) / sheet.height,
      y: (event.clientY - sheet.top) / sheet.height,
      width: this.penWidth * force,
    };
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
    if (this.picture) this.#drawPicture(this.picture.bitmap);
    else drawStrokes(context, this.strokes, height, getComputedStyle(canvas).color);
  }

  /** @param {ImageBitmap | null} bitmap */
  #drawPicture(bitmap) {
    if (!bitmap) return;
    const place = placeOf(bitmap, this.canvas);
    const { left, top, scale } = place;
    this.context.imageSmoothingEnabled = scale < 2; // a tiny picture shows its pixels
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(bitmap, left, top, bitmap.width * scale, bitmap.height * scale);
    if (this.#reading) drawBoxes(this.context, place, this.#reading, this.#chosen);
  }
}
