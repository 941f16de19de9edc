/** What the keyboard does on the page, and what it writes on the sheet. */

import { signOf, written } from "./glyphs.js";

/** @param {import("./sheet.js").Sheet} sheet */
export function listenToKeys(sheet) {
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const isRedo = /^y$/i.test(key) || (event.shiftKey && /^z$/i.test(key));
      if (!isRedo && !/^z$/i.test(key)) return;
      event.preventDefault();
      if (isRedo) sheet.redo();
      else sheet.undo();
    } else if (["Escape", "Delete"].includes(key)) {
      sheet.clear();
    } else if (event.target === sheet.canvas) {
      typeOn(sheet, event);
    }
  });
}

/** What a key that is pressed on the sheet does. @param {import("./sheet.js").Sheet} sheet @param {KeyboardEvent} event */
export function typeOn(sheet, event) {
  const sign = signOf(event.key);
  if (event.key === "Backspace") sheet.undo();
  else if (sign) put(sheet, sign);
  else return;
  event.preventDefault(); // of a space, that it scrolls
}

/** Put a sign behind what was typed, which makes room for it. */
function put(sheet, sign) {
  const typed = (sheet.content.typed ?? "") + sign;
  const aspect = sheet.ownAspect;
  const strokes = written(typed, sheet.penWidth, aspect);
  if (strokes.length > 0) sheet.put({ strokes, picture: null, aspect, typed });
}
