/**
 * Where a picture lies on the sheet.
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{left: number, top: number, scale: number}} Place of the picture, in canvas pixels
 */

/** The sheet takes the shape of a picture, but none wider or narrower than these. */
const NARROWEST = 1;
const WIDEST = 2.4;

/** @param {Size} picture @returns {number} the width that the sheet should have, in its heights */
export function aspectFor({ width, height }) {
  return Math.min(Math.max(width / height, NARROWEST), WIDEST);
}

/**
 * In the middle, as large as it fits.
 *
 * @param {Size} picture @param {Size} canvas @returns {Place}
 */
export function placeOf({ width, height }, canvas) {
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const left = (canvas.width - width * scale) / 2;
  const top = (canvas.height - height * scale) / 2;
  return { left, top, scale };
}
