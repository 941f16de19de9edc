/** A reading as a table: a row for each line, a cell for each number. */

/** @param {{lines: string[]}} reading @returns {string} CSV */
export function tableOf({ lines }) {
  const rows = lines.map((line) => line.split(" ").map(cellOf).join(","));
  return rows.map((row) => `${row}\r\n`).join("");
}

/** In quotes if it has a comma, as in 3,14. @param {string} text */
function cellOf(text) {
  return text.includes(",") ? `"${text}"` : text;
}
