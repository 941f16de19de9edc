/**
 * The digits of a number in a row, each as the network saw it, with the marks in their places. One
 * of the digits is chosen, and "choose" is fired when another one is.
 */
export class DigitRow extends EventTarget {
  /** The index of the digit that is chosen. */
  chosen = 0;

  /** Whether somebody chose it, rather than the row itself. */
  #picked = false;

  /** @type {import("./api.js").Digit[]} */
  #digits = [];
  /** One for each digit, kept from reading to reading so that none loses the focus. */
  #labels = /** @type {HTMLLabelElement[]} */ ([]);

  /** @param {HTMLElement} row */
  constructor(row) {
    super();
    this.row = row;
  }

  /**
   * Of as many digits as before, what somebody chose stays chosen. Otherwise it is the first
   * doubtful one or, as it was likely written last, the last.
   *
   * @param {Pick<import("./api.js").Reading, "text" | "digits" | "marks">} reading
   */
  show({ text, digits, marks }) {
    if (digits.length !== this.#digits.length) this.#picked = false;
    this.#digits = digits;
    this.row.hidden = digits.length < 2;
    while (this.#labels.length > digits.length) this.#labels.pop()?.remove();
    while (this.#labels.length < digits.length) this.#add(this.#labels.length);
    this.#showMarks(text, [...marks]);
    this.draw();
    const doubtful = digits.findIndex(({ sure }) => !sure);
    const likely = doubtful < 0 ? digits.length - 1 : doubtful;
    this.#choose(this.#picked ? this.chosen : likely);
  }

  /** @param {number} index of the digit that somebody chose */
  pick(index) {
    this.#picked = true;
    this.#choose(index);
  }

  /** @param {string} text @param {import("./api.js").Mark[]} marks those of the text */
  #showMarks(text, marks) {
    for (const shown of this.row.querySelectorAll("i")) shown.remove();
    let before = 0;
    for (const sign of text.replaceAll(/\s/g, "")) {
      if (/\d/.test(sign)) {
        before++;
        continue;
      }
      const shown = document.createElement("i");
      shown.textContent = sign;
      shown.classList.toggle("unsure", !marks.shift()?.sure);
      this.row.insertBefore(shown, this.#labels[before] ?? null);
    }
  }

  draw() {
    for (const [index, { value, sure, seen }] of this.#digits.entries()) {
      const label = this.#labels[index];
      const [, picture, name, doubt] = label.children;
      label.classList.toggle("unsure", !sure);
      name.textContent = String(value);
      doubt.textContent = sure ? "" : "not sure";
      if (seen) drawSeen(/** @type {HTMLCanvasElement} */ (picture), seen);
    }
  }

  /** @param {number} index */
  #choose(index) {
    const label = this.#labels[index];
    if (!label) return;
    this.chosen = index;
    /** @type {HTMLInputElement} */ (label.control).checked = true;
    this.dispatchEvent(new Event("choose"));
  }

  /** @param {number} index */
  #add(index) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    const picture = document.createElement("canvas");
    const name = document.createElement("b");
    const doubt = document.createElement("span");
    radio.type = "radio";
    radio.name = "digit";
    picture.width = picture.height = 28;
    doubt.className = "unseen";
    label.append(radio, picture, name, doubt);
    radio.addEventListener("change", () => this.pick(index));
    this.#labels.push(label);
    this.row.append(label);
  }
}

/** @param {HTMLCanvasElement} canvas of 28 by 28 @param {number[][]} picture */
export function drawSeen(canvas, picture) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, 28, 28);
  context.fillStyle = getComputedStyle(canvas).color;
  for (const [y, line] of picture.entries()) {
    for (const [x, ink] of line.entries()) {
      if (ink === 0) continue;
      context.globalAlpha = ink;
      context.fillRect(x, y, 1, 1);
    }
  }
}
