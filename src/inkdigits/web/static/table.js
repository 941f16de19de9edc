/** A reading as a table: a row for each line, a cell for each number. */

/**
 * @param {Pick<import("./api.js").Reading, "lines" | "digits" | "marks">} reading
 * @returns {string} CSV; behind a number with a doubtful sign stands a question mark
 */
export function tableOf({ lines, digits, marks }) {
  const [nextDigits, nextMarks] = [digits, marks].map((signs) => signs.values());
  const isDoubtful = (sign) => (/\d/.test(sign) ? nextDigits : nextMarks).next().value?.sure === false;
  const cellOf = (text) => cell([...text].filter(isDoubtful).length > 0 ? `${text}?` : text);
  const rows = lines.map((line) => line.split(" ").map(cellOf).join(","));
  return rows.map((row) => `${row}\r\n`).join("");
}

/** In quotes if it has a comma, as in 3,14. @param {string} text */
function cell(text) {
  const content = isFormula(text) ? ` ${text}` : text;
  return content.includes(",") ? `"${content}"` : content;
}

/** What a spreadsheet takes for one, as `outputs/rows.py`. @param {string} text */
function isFormula(text) {
  return /^[=+@-]/.test(text) && !/^[+-](?:\d+\.?\d*|\.\d+)$/.test(text);
}
