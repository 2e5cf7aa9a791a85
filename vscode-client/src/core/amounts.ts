/** Amounts and counts as a person reads them: the same rules as the server's (model/money.py, reports/amounts.py). */

const NANO_PER_USD = 1_000_000_000n;
const NANO_PER_CENT = 10_000_000n;

/** A decimal string in US dollars, exactly, as nano-dollars. */
export function nano(decimal: string): bigint {
  const [whole = "0", rest = ""] = decimal.replace("-", "").split(".");
  const amount = BigInt(whole) * NANO_PER_USD + BigInt(rest.padEnd(9, "0").slice(0, 9));
  return decimal.startsWith("-") ? -amount : amount;
}

/** Two places, four below one cent, `<0.0001` below that. */
export function dollars(decimal: string): string {
  const value = nano(decimal);
  const amount = value < 0n ? -value : value;
  const sign = value < 0n ? "-$" : "$";
  if (amount === 0n || amount >= NANO_PER_CENT) {
    const cents = (amount + NANO_PER_CENT / 2n) / NANO_PER_CENT;
    return `${sign}${grouped(cents / 100n)}.${String(cents % 100n).padStart(2, "0")}`;
  }
  if (amount < 50_000n) return `${sign}<0.0001`;
  return `${sign}0.${String((amount + 50_000n) / 100_000n).padStart(4, "0")}`;
}

/** A number, marked where a part of it is estimated: no provider told that part. */
export function about(text: string, estimated: number | undefined): string {
  return (estimated ?? 0) > 0 ? `≈${text}` : text;
}

/** What an amount leaves open: counts, of which none is good. */
export interface Marks {
  /** Tokens without a known price, which are in no amount. */
  readonly unpriced?: number;
  /** Responses whose counts no provider reported. */
  readonly estimated?: number;
  /** Responses whose log records only a minimum of the output. */
  readonly lowerBound?: number;
  /** Responses whose stream broke: in the amount, and perhaps not billed. */
  readonly brokenOff?: number;
}

/** An amount with all that it leaves open, as `marked` in reports/amounts.py writes it: the server sends amounts as they
 * are written, and this one is for sums of a chart. test/amounts.json has cases for both. */
export function amount(decimal: string, marks: Marks = {}): string {
  const { unpriced = 0, lowerBound = 0, brokenOff = 0 } = marks;
  let text = `${lowerBound > 0 ? "≥" : ""}${about(dollars(decimal), marks.estimated)}`;
  if (unpriced > 0) text = nano(decimal) === 0n ? "unpriced" : `${text} + unpriced`;
  return brokenOff > 0 ? `${text} (${fullCount(brokenOff)} broken off)` : text;
}

/** A count with three significant digits at most: `999`, `1.2k`, `123k`, `4.5M`. */
export function shortTokens(count: number): string {
  let unit = 1;
  for (const suffix of ["", "k", "M"]) {
    const shown = scaled(count, unit);
    if (Number(shown) < 1000) return shown + suffix;
    unit *= 1000;
  }
  return `${scaled(count, unit)}G`;
}

/** A count in full: `1,234,567`. */
export function fullCount(count: number): string {
  return grouped(BigInt(Math.trunc(count)));
}

function scaled(count: number, unit: number): string {
  const value = count / unit;
  return unit > 1 && value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}

function grouped(whole: bigint): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
}
