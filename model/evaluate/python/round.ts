/**
 * Python's `round(value, digits)`: the decimal number of so many digits that is nearest to the binary value; of two
 * equally near ones the even one. `toFixed` takes the larger.
 */
export function round(value: number, digits: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21) return value;
  return Number(fixed(value, digits));
}

/** Python's `f"{value:.{digits}f}"`. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21) return String(value);
  const [whole, decimals] = Math.abs(value).toFixed(100).split("."); // every digit that a double has here
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const kept = BigInt(whole + decimals.slice(0, digits));
  const rest = decimals.slice(digits);
  const half = `5${"0".repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && kept % 2n === 1n);
  const text = String(kept + (up ? 1n : 0n)).padStart(digits + 1, "0");
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** NumPy's `round`, which is not Python's: times a power of ten, to the nearest whole number, even on ties, and back. */
export function roundNumpy(value: number, digits: number): number {
  const power = 10 ** digits;
  const scaled = value * power;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (up ? floor + 1 : floor) / power;
}
