/** What a sum comes to. */

const PARTS = /\d+(?:[.,]\d+)?|[-+×÷]/g;

/** Two numbers beside each other, or 1.000 or 1,000, which in some countries is a thousand. */
const UNCLEAR = /[\d.,] +[\d.,]|\b[1-9]\d{0,2}[.,]\d{3}(?!\d)/;

/**
 * Such as 19 for "12+7" or "12+7=".
 *
 * @param {string} line of a reading
 * @returns {{value: number, claimed: number | null} | null} claimed: what stands behind the sign =;
 *   null if the line is no sum
 */
export function sumOf(line) {
  if (UNCLEAR.test(line)) return null;
  const [, sum, claim = ""] = /^([^=]+)=?([^=]*)$/.exec(line.replaceAll(" ", "")) ?? [];
  const parts = sum?.match(PARTS) ?? [];
  // A date and a telephone number have zeros in front, or three parts with hyphens.
  if (parts.join("") !== sum || parts.length < 3 || parts.some((part) => /^0\d/.test(part)))
    return null;
  if (parts.length > 3 && parts.every((part) => !/[+×÷]/.test(part))) return null;
  const numbers = parts.filter((_, i) => i % 2 === 0).map(numberOf);
  const signs = parts.filter((_, i) => i % 2 === 1);
  if (numbers.some(Number.isNaN) || signs.length !== numbers.length - 1) return null;
  const terms = [numbers[0]];
  for (const [i, sign] of signs.entries()) {
    const number = numbers[i + 1];
    if (sign === "×") terms.push(terms.pop() * number);
    else if (sign === "÷") terms.push(terms.pop() / number);
    else terms.push(sign === "-" ? -number : number);
  }
  const total = terms.reduce((a, b) => a + b, 0);
  const largest = Math.max(...[...numbers, ...terms, total].map(Math.abs));
  if (!(largest <= Number.MAX_SAFE_INTEGER)) return null; // also what is divided by zero
  const value = Number.isInteger(total) ? total : Number(total.toPrecision(10));
  return { value, claimed: claim && !Number.isNaN(numberOf(claim)) ? numberOf(claim) : null };
}

function numberOf(text) {
  return Number(text.replace(",", "."));
}
