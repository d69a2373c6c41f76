// Numbers as the page writes them. `reportgen/numbers.py` decides how; a test holds both to the same text.

const MINUS = "−";

/** As Python rounds: what stands exactly half-way goes to the even digit. Sixty digits tell whether it does. */
function fixed(size: number, digits: number): string {
  const exact = size.toFixed(60);
  const end = exact.indexOf(".") + 1 + digits;
  const below = exact.slice(0, digits ? end : end - 1);
  return /^50*$/.test(exact.slice(end)) && Number(below.at(-1)) % 2 === 0 ? below : size.toFixed(digits);
}

/** A share of attention in points: 0.139 is "13.9"; what rounds to zero has no sign. */
export function points(share: number, digits = 1): string {
  const text = fixed(Math.abs(share) * 100, digits);
  return share < 0 && Number(text) !== 0 ? MINUS + text : text;
}

export function pointsInterval(low: number, high: number): string {
  return `[${points(low)}, ${points(high)}]`;
}

export function pValue(p: number): string {
  if (p < 0.001) return "< 0.001";
  return p > 0.999 ? "> 0.999" : fixed(p, 3);
}

export function pEquals(p: number): string {
  const text = pValue(p);
  return /^[<>]/.test(text) ? `p ${text}` : `p = ${text}`;
}

/** A plain number, its thousands grouped: 1234.5 is "1,234.50". */
export function decimal(value: number, digits = 2): string {
  const text = fixed(Math.abs(value), digits);
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
  return value < 0 && Number(text) !== 0 ? MINUS + grouped : grouped;
}
