/**
 * `<ink-digits>`: a sheet to write on, for any page of any site, with one script tag:
 *
 *     <script type="module" src="https://example.org/digits/ink-digits.js"></script>
 *     <ink-digits expect="number" width="320"></ink-digits>
 *
 * Attributes: `expect` ("digit" or "number") and `length` say what is written, as far as that is
 * known; `width` is how wide it is, in CSS pixels. After each stroke it fires `read`, which bubbles,
 * with the reading as its `detail`; the newest is its `reading`, and the text its `value`. `clear()`
 * takes what is written away. Where nothing is read of what lies there, `reading` is null and `value`
 * "": of a sheet that is blank, is refused or cannot be read now, which `read` tells with null as its
 * `detail`, and until what has just been written is read. Digits can be typed on it, too.
 */

import { Readings, Refused, Unreachable } from "./api.js";
import { prepare, read } from "./in-worker.js";
import { typeOn } from "./keyboard.js";
import { Sheet } from "./sheet.js";

const RETRY_MS = 2000;

/** What the attributes of that name can be. */
const HINTS = { expect: '"digit" or "number"', length: "a whole number from 1 on" };

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { display: inline-block; width: 320px; max-width: 100%; font: 1rem/1.4 system-ui, sans-serif; }
  :host([hidden]) { display: none; }
  canvas {
    display: block; box-sizing: border-box; width: 100%;
    border: 1px solid; border-radius: 6px; background: #fffdf7; color: #1d2748;
    cursor: crosshair; touch-action: none; -webkit-touch-callout: none;
    user-select: none; -webkit-user-select: none;
  }
  div { display: flex; gap: 0.75em; align-items: baseline; margin-top: 0.4em; }
  output { flex: 1; min-height: 1.4em; font-variant-numeric: tabular-nums; }
  output.unsure { opacity: 0.6; }
  button { font: inherit; }
`);

export class InkDigits extends HTMLElement {
  static observedAttributes = ["width", "expect", "length"];

  /** @type {import("./api.js").Reading | null} what lies there now says */
  reading = null;

  /** What the last event told. */
  #told = this.reading;

  #canvas = document.createElement("canvas");
  #output = document.createElement("output");
  #clear = document.createElement("button");
  /** @type {Sheet | null} made once: the parser may move the element later */
  #sheet = null;
  /** Ends when it is taken out of the page. */
  #connected = new AbortController();
  #retrying = 0;
  #readings = new Readings(
    { onReading: (...it) => this.#show(...it), onError: (error) => this.#fail(error) },
    { prepare, read: (picture, signal) => read(picture, signal, this.#hints) },
  );

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [style];
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "application"); // keys are for it
    this.#canvas.setAttribute("aria-label", "A sheet to write or type digits on");
    this.#canvas.addEventListener("keydown", (event) => this.#press(event));
    this.#clear.type = "button";
    this.#clear.textContent = "Clear";
    this.#clear.addEventListener("click", () => this.clear());
    const below = document.createElement("div");
    below.append(this.#output, this.#clear);
    shadow.append(this.#canvas, below);
  }

  /** The text that was read, or "". */
  get value() {
    return this.reading?.text ?? "";
  }

  clear() {
    this.#sheet?.clear();
  }

  connectedCallback() {
    const isNew = !this.#sheet;
    this.#sheet ??= new Sheet(this.#canvas);
    this.#connected = new AbortController();
    this.#sheet.follow(this.#connected.signal);
    if (!isNew) return;
    this.#sheet.addEventListener("change", () => this.#ask());
    this.#canvas.style.aspectRatio = String(this.#sheet.aspect);
    prepare().catch((error) => this.#fail(error));
  }

  disconnectedCallback() {
    this.#connected.abort();
  }

  attributeChangedCallback(name, before, value) {
    if (name === "width") {
      this.style.width = value ? `${Number(value)}px` : "";
      return;
    }
    if (value && this.#hints[name] === null) {
      console.error(`<ink-digits> has ${name}="${value}". It has to be ${HINTS[name]}.`);
    }
    if (value !== before && this.#sheet) this.#ask();
  }

  get #hints() {
    const length = Number(this.getAttribute("length"));
    const expect = this.getAttribute("expect");
    return {
      expect: ["digit", "number"].includes(expect) ? expect : null,
      length: Number.isInteger(length) && length >= 1 ? length : null,
    };
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (this.#sheet && !event.altKey && !event.ctrlKey && !event.metaKey) typeOn(this.#sheet, event);
  }

  #ask() {
    clearTimeout(this.#retrying);
    this.reading = null;
    const sheet = this.#sheet;
    this.#canvas.style.aspectRatio = String(sheet.aspect);
    if (!sheet.isBlank) {
      this.#readings.ask(() => sheet.toBlob(), !sheet.isDrawing);
      return;
    }
    this.#readings.cancel();
    this.#say("", false);
    this.#tell(null);
  }

  #show(reading, isFinal) {
    this.#say(reading.text, reading.sure);
    if (isFinal && !this.#sheet.isDrawing) this.#tell(reading);
  }

  #fail(error) {
    this.#say(error.message, false);
    this.#tell(null);
    if (error instanceof Refused) return;
    if (!(error instanceof Unreachable)) {
      reportError(error);
      return;
    }
    this.#retrying = setTimeout(() => this.#ask(), RETRY_MS);
  }

  #tell(reading) {
    this.reading = reading;
    if (reading === this.#told) return;
    this.#told = reading;
    this.dispatchEvent(new CustomEvent("read", { detail: reading, bubbles: true, composed: true }));
  }

  #say(text, sure) {
    this.#output.textContent = text;
    this.#output.classList.toggle("unsure", !sure);
  }
}

customElements.define("ink-digits", InkDigits);
