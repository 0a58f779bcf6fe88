import { type DType, f32ToBf16, f32ToF16, floatToI32, isFloat, type TypedArray } from "../../../core/dtype.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { stored } from "../memory.ts";
import { widened } from "./widened.ts";
import { forEachRow, type Loop, mergeDims } from "../../../core/loop.ts";

/** A square of this many elements a side is copied at once where reading and writing run in different directions. */
const TILE = 32;

/** out = input, element by element, whatever the strides and dtypes of both. */
export function copy(input: Operand, out: Operand): void {
  const [source, target] = [stored(input), stored(out)];
  const loop = mergeDims(input.shape, [input.strides, out.strides]);
  const last = loop.shape.length - 1;
  const [n, from, to] = [loop.shape[last], loop.strides[0][last], loop.strides[1][last]];
  if (input.dtype === out.dtype) {
    if (from !== 1 && transposes(loop)) {
      copyTiles(source, target, loop, input.offset, out.offset);
      return;
    }
    const whole = from === 1 && to === 1 && n >= 32; // below, the call costs more than the loop
    forEachRow(loop, [input.offset, out.offset], ([p, q]) => {
      if (whole) target.set(source.subarray(p, p + n), q);
      else for (let i = 0; i < n; i++) target[q + i * to] = source[p + i * from];
    });
    return;
  }
  const convert = conversion(input.dtype, out.dtype);
  forEachRow(loop, [input.offset, out.offset], ([p, q]) => {
    for (let i = 0; i < n; i++) target[q + i * to] = convert(source[p + i * from]);
  });
}

/** From one stored element to the other dtype's. */
function conversion(from: DType, to: DType): (stored: number) => number {
  const table = from === "f16" || from === "bf16" ? widened(from) : undefined;
  const read = table ? (bits: number) => table[bits] : (x: number) => x;
  if (to === "bool") return (x) => (read(x) !== 0 ? 1 : 0);
  if (to === "i32" && isFloat(from)) return (x) => floatToI32(read(x));
  if (to === "f16") return (x) => f32ToF16(read(x));
  if (to === "bf16") return (x) => f32ToBf16(read(x));
  return read;
}

/** Whether some other dim is the one that memory is read along: a plain row-by-row copy would miss the cache at each element. */
function transposes(loop: Loop): boolean {
  const last = loop.shape.length - 1;
  return loop.shape[last] > 4 && loop.strides[0].some((stride, i) => i < last && stride === 1 && loop.shape[i] > 4);
}

/** Copy with the dim that is read along and the last dim in small squares, whose lines all stay in the cache. */
function copyTiles(source: TypedArray, target: TypedArray, loop: Loop, startIn: number, startOut: number): void {
  const last = loop.shape.length - 1;
  const along = loop.strides[0].indexOf(1);
  const others = [...loop.shape.keys()].filter((i) => i !== along && i !== last);
  const rest = {
    shape: [...others.map((i) => loop.shape[i]), 1],
    strides: loop.strides.map((s) => [...others.map((i) => s[i]), 0]),
  };
  const [rows, columns] = [loop.shape[along], loop.shape[last]];
  const [stepIn, toRow, toColumn] = [loop.strides[0][last], loop.strides[1][along], loop.strides[1][last]];
  forEachRow(rest, [startIn, startOut], ([p, q]) => {
    for (let row = 0; row < rows; row += TILE) {
      for (let column = 0; column < columns; column += TILE) {
        const tile = {
          from: p + row + column * stepIn,
          to: q + row * toRow + column * toColumn,
          rows: Math.min(TILE, rows - row),
          columns: Math.min(TILE, columns - column),
        };
        copyTile(source, target, tile, stepIn, toRow, toColumn);
      }
    }
  });
}

function copyTile(
  source: TypedArray,
  target: TypedArray,
  { from, to, rows, columns }: { from: number; to: number; rows: number; columns: number },
  stepIn: number,
  toRow: number,
  toColumn: number,
): void {
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) target[to + i * toRow + j * toColumn] = source[from + i + j * stepIn];
  }
}
