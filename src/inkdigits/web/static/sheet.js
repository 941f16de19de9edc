import { drawStrokes, toPng } from "./ink.js";

/**
 * What lies on the sheet. Never changed in place, so that undoing is going back to an older one.
 *
 * @typedef {{strokes: import("./ink.js").Stroke[], picture: Picture | null}} Content
 * @typedef {{file: Blob, bitmap: ImageBitmap | null}} Picture bitmap: null if it cannot be shown
 */

/** @type {Content} */
const BLANK = { strokes: [], picture: null };

/** Nearer points than this part of the side add only jitter. */
const NEAREST = 0.002;

/** The drawing surface. It fires "change" whenever what lies on it changes, also mid-stroke. */
export class Sheet extends EventTarget {
  /** The width of the pen, as a part of the sheet's side. */
  penWidth = 0.055;

  /** Where the ink of the picture is, in its pixels: x0, y0, x1, y1. @type {number[] | null} */
  #box = null;
  #content = BLANK;
  /** @type {Content[]} */
  #history = [];
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
    return this.#history.length > 0;
  }

  get picture() {
    return this.#content.picture;
  }

  /** With the one that is being drawn. */
  get strokes() {
    const { strokes } = this.#content;
    return this.#pen ? [...strokes, this.#pen.stroke] : strokes;
  }

  /** @returns {Promise<Blob>} the picture that was put here, or the drawing as a PNG */
  async toBlob() {
    return this.picture ? this.picture.file : toPng(this.strokes);
  }

  undo() {
    this.#pen = null;
    this.#content = this.#history.pop() ?? BLANK;
    this.#changed();
  }

  clear() {
    this.#pen = null;
    if (this.#content !== BLANK) this.#put(BLANK);
    else this.#changed();
  }

  /** @param {Picture} picture takes the place of what lies here */
  show(picture) {
    this.#pen = null;
    this.#put({ strokes: [], picture });
  }

  /** @param {number[]} box of the ink that was found in the picture */
  mark(box) {
    this.#box = box;
    this.#requestDraw();
  }

  /** @param {Content} content */
  #put(content) {
    this.#history.push(this.#content);
    this.#content = content;
    this.#changed();
  }

  #changed() {
    this.#box = null;
    this.#requestDraw();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.picture || event.button !== 0 || !event.isPrimary) return;
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

  /** @param {PointerEvent} event @returns {import("./ink.js").Point} */
  #point(event) {
    const sheet = this.canvas.getBoundingClientRect();
    const force = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return {
      x: (event.clientX - sheet.left) / sheet.width,
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
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    context.clearRect(0, 0, side, side);
    if (this.picture) this.#drawPicture(this.picture.bitmap, side);
    else drawStrokes(context, this.strokes, side, getComputedStyle(canvas).color);
  }

  /** @param {ImageBitmap | null} bitmap @param {number} side */
  #drawPicture(bitmap, side) {
    if (!bitmap) return;
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const left = (side - bitmap.width * scale) / 2;
    const top = (side - bitmap.height * scale) / 2;
    this.context.imageSmoothingEnabled = scale < 2; // a tiny picture shows its pixels
    this.context.drawImage(bitmap, left, top, bitmap.width * scale, bitmap.height * scale);
    if (!this.#box) return;
    const [x0, y0, x1, y1] = this.#box.map((edge) => edge * scale);
    this.context.strokeStyle = getComputedStyle(this.canvas).accentColor;
    this.context.lineWidth = 2 * devicePixelRatio;
    this.context.strokeRect(left + x0, top + y0, x1 - x0, y1 - y0);
  }
}
