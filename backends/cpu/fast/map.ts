import type { Expr } from "../../../core/expr.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { BlockReader } from "./blockReader.ts";
import { stored } from "../memory.ts";
import { runPrimitive, runWhole } from "./primitives.ts";
import { BLOCK, programOf } from "./program.ts";

/**
 * Elementwise expressions on the CPU, without generating code (which a page's security policy may forbid): take
 * some elements at a time, and run each operation of the expression as a plain loop over the block. The blocks stay
 * in the L1 cache, so that a long expression costs little more than its arithmetic. Everything between reading and
 * writing is done in doubles; the result is rounded once.
 *
 * Whole numbers are whole all the way: they wrap around beyond i32.
 *
 * @param inputs of out's shape (broadcast by stride 0), or numbers
 * @param out contiguous
 */
export function map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const dtypes = inputs.map((input) => (typeof input === "number" ? input : input.dtype));
  const { steps, inputs: places, result, registers } = programOf(expr, dtypes);
  const readers: BlockReader[] = [];
  const blocks: Float64Array[] = [];
  for (const [index, register] of places) {
    const input = inputs[index];
    if (typeof input === "number") registers[register].fill(input);
    else {
      readers.push(new BlockReader(input));
      blocks.push(registers[register]);
    }
  }
  const target = stored(out);
  const size = sizeOf(out.shape);
  for (let start = 0; start < size; start += BLOCK) {
    const count = Math.min(BLOCK, size - start);
    for (let i = 0; i < readers.length; i++) readers[i].read(blocks[i], 0, count);
    for (let i = 0; i < steps.length; i++) {
      const { op, whole, args, out: to } = steps[i];
      const [a, b, c] = [registers[args[0]], registers[args[1]], registers[args[2]]];
      if (whole) runWhole(op, registers[to], a, b, count);
      else runPrimitive(op, registers[to], a, b, c, count);
    }
    const at = out.offset + start;
    if (target instanceof Float32Array) writeFloats(registers[result], target, at, count);
    else if (out.dtype === "bool") for (let i = 0; i < count; i++) target[at + i] = registers[result][i] !== 0 ? 1 : 0;
    else for (let i = 0; i < count; i++) target[at + i] = registers[result][i];
  }
}

function writeFloats(block: Float64Array, target: Float32Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) target[at + i] = block[i];
}
