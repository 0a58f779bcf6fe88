import { strip } from "./text.ts";

const DIGITS = "[0-9](?:_?[0-9])*";
const NUMBER = new RegExp(`^[+-]?(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.?)(?:[eE][+-]?${DIGITS})?$`);
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const NAN = /^[+-]?nan$/i;

/** Python's `float(text)`; undefined where it raises ValueError. Takes "1_000", ".5", "5.", "inf", "nan", "٣". */
export function toFloat(text: string): number | undefined {
  const plain = strip(text).replace(/\p{Nd}/gu, asciiDigit);
  const infinite = INFINITY.exec(plain);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (NAN.test(plain)) return Number.NaN;
  return NUMBER.test(plain) ? Number(plain.replaceAll("_", "")) : undefined;
}

/** The digits of every script stand in runs of ten, in order, and no run begins where another ends by less than ten. */
function asciiDigit(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code < 0x80) return character;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1)) && code - zero < 9) zero--;
  return String((code - runStart(code, zero)) % 10);
}

/** Mathematical digits (five styles side by side) begin at U+1D7CE; every other run at a multiple of its own. */
function runStart(code: number, zero: number): number {
  return code >= 0x1d7ce && code <= 0x1d7ff ? 0x1d7ce : zero;
}
