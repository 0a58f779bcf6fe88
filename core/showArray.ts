import { sizeOf } from "./shape.ts";

/** Beyond this many elements only the ends of each dim are shown, as by NumPy. */
const MOST = 1000;
const ENDS = 3;
/** Digits after the point at most. */
const PRECISION = 8;
const WIDTH = 75;

/** Elements as NumPy shows them: `[[1.  2.5]\n [3.  4. ]]`. */
export function showArray(data: ArrayLike<number>, shape: readonly number[], kind: "float" | "int" | "bool"): string {
  const rows = shape.length;
  const cut = sizeOf(shape) > MOST;
  const shown = shownOffsets(shape, cut).map((at) => data[at]);
  const format = kind === "float" ? floatFormat(shown) : plainFormat(shown, kind);
  if (rows === 0) return format(data[0]).trim();
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const show = (dim: number, offset: number, indent: number, closing: number): string => {
    if (dim === rows) return format(data[offset]);
    const parts = indicesOf(shape[dim], cut).map((i) =>
      i === undefined ? "..." : show(dim + 1, offset + i * strides[dim], indent + 1, 0),
    );
    if (dim === rows - 1) return `[${wrapped(parts, indent + 1, closing + rows)}]`;
    return `[${parts.join(`${"\n".repeat(rows - dim - 1)}${" ".repeat(indent + 1)}`)}]`;
  };
  return show(0, 0, 0, 0);
}

/** The indices of a dim that are shown; undefined: the dots between its ends. */
function indicesOf(size: number, cut: boolean): (number | undefined)[] {
  const all = Array.from({ length: size }, (_, i) => i);
  return cut && size > 2 * ENDS ? [...all.slice(0, ENDS), undefined, ...all.slice(-ENDS)] : all;
}

function shownOffsets(shape: readonly number[], cut: boolean): number[] {
  let offsets = [0];
  for (const size of shape) {
    const indices = indicesOf(size, cut).filter((i) => i !== undefined);
    offsets = offsets.flatMap((offset) => indices.map((i) => offset * size + i));
  }
  return offsets;
}

/** Elements of a row, and where the line is full, on the next. */
function wrapped(parts: readonly string[], indent: number, closing: number): string {
  const lines: string[] = [];
  let line = "";
  parts.forEach((part, i) => {
    const room = WIDTH - indent - (i === parts.length - 1 ? closing : 1);
    if (line !== "" && line.length + 1 + part.length > room) {
      lines.push(line.trimEnd());
      line = part;
    } else line = line === "" ? part : `${line} ${part}`;
  });
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

function plainFormat(values: readonly number[], kind: "int" | "bool"): (value: number) => string {
  const text = (value: number) => (kind === "bool" ? (value ? "True" : "False") : String(value));
  const width = Math.max(0, ...values.map((value) => text(value).length));
  return (value) => text(value).padStart(width);
}

/** All with the digits that the neediest has: as decimals, or where sizes are far apart, as powers of ten. */
function floatFormat(values: readonly number[]): (value: number) => string {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const powers = sizes.length > 0 && (high >= 1e8 || low < Math.fround(1e-4) || Math.fround(high / low) > 1000);
  const plain = finite.map((value) => (powers ? shortPower(value) : shortDecimal(value)));
  const places = Math.max(0, ...plain.map((text) => /\.(\d*)/.exec(text)?.[1].length ?? 0));
  const written = (value: number): string => {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    if (!powers) return padded(shortDecimal(value), places, " ");
    const [mantissa, power] = value.toExponential(places).split("e"); // with digits of its own, not zeros, as NumPy
    return `${padded(sign(value, mantissa), places, "0")}e${twoDigits(power)}`;
  };
  const width = Math.max(0, ...values.map((value) => written(value).length));
  return (value) => written(value).padStart(width);
}

/** `1.5` with three places is `1.5  ` where blanks fill, `1.500` where zeros do. */
function padded(text: string, places: number, fill: string): string {
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(places, fill)}`;
}

/** The fewest digits that are this f32 and no other, at most 8 after the point; `1.` of whole numbers. */
function shortDecimal(value: number): string {
  const text = shortest(value);
  const [whole, fraction = ""] = text.split(".");
  const kept = fraction.length > PRECISION ? Number(text).toFixed(PRECISION).split(".") : [whole, fraction];
  return `${sign(value, kept[0])}.${(kept[1] ?? "").replace(/0+$/, "")}`;
}

function shortPower(value: number): string {
  const exact = value === 0 ? "0e+0" : shortestPower(value);
  const [mantissa, power] = exact.split("e");
  const fraction = mantissa.split(".")[1] ?? "";
  const [kept, moved] = fraction.length > PRECISION ? value.toExponential(PRECISION).split("e") : [mantissa, power];
  const [whole, digits = ""] = kept.split(".");
  return `${sign(value, whole)}.${digits.replace(/0+$/, "")}e${twoDigits(moved)}`;
}

/** The power of ten `+5` as `+05`. */
const twoDigits = (power: string): string => power[0] + power.slice(1).padStart(2, "0");

/** -0 keeps its sign. */
const sign = (value: number, whole: string): string => (Object.is(value, -0) ? `-${whole.replace("-", "")}` : whole);

function shortestPower(value: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === Math.fround(value)) return text;
  }
  return value.toExponential(9);
}

/** As decimals without a power of ten. */
function shortest(value: number): string {
  const [mantissa, power] = shortestPower(value).split("e");
  const digits = (mantissa.split(".")[1] ?? "").length - Number(power);
  return Number(`${mantissa}e${power}`).toFixed(Math.max(0, Math.min(100, digits)));
}
