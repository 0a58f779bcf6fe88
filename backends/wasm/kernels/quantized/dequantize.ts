import type { QuantizedDType } from "../../../../core/dtype.ts";
import { BLOCK, quantBytes } from "../../../../core/quantized.ts";
import type { Code } from "../../assembler/code.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { i32 } from "../../assembler/scalar.ts";
import { f32x4, i16x8, i32x4, i8x16, v128 } from "../../assembler/simd.ts";
import { widenScales } from "./dots.ts";

/** What `dequantizeModule`'s function takes, in order: how many blocks, and the addresses of their quants, their scales and the result. */
export interface DequantizeArguments {
  readonly quants: number;
  readonly scales: number;
  readonly to: number;
  readonly blocks: number;
}

/** Blocks as f32. */
export function dequantizeModule(dtype: QuantizedDType): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { quants: "i32", scales: "i32", to: "i32", blocks: "i32" }, "void", (f, p) => {
    const { quants, scales, to, blocks } = p;
    const scale = f.local("v128");
    const halves = [f.local("v128"), f.local("v128")];
    f.while(blocks, () => {
      f.set(scale, widenScales(i32x4.extend_low_i16x8_s(v128.load16_splat(scales))));
      for (const [i, v] of halves.entries()) {
        f.set(v, i8x16.sub(bytes(i, quants), i8x16.splat(i32.const(dtype === "q4" ? 8 : 0))));
        for (const [j, extend] of [i16x8.extend_low_i8x16_s, i16x8.extend_high_i8x16_s].entries()) {
          const words = f.let(extend(v));
          const at = 64 * i + 32 * j;
          f.emit(v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scale), at));
          f.emit(v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), scale), at + 16));
        }
      }
      f.add(quants, quantBytes(dtype));
      f.add(scales, 2);
      f.add(to, 4 * BLOCK);
      f.add(blocks, -1);
    });
  });
  return m;

  /** The first or second sixteen of a block, as bytes. */
  function bytes(half: number, quants: Code<"i32">): Code<"v128"> {
    if (dtype === "q8") return v128.load(quants, 16 * half);
    const pairs = v128.load(quants);
    return half === 0 ? v128.and(pairs, i8x16.splat(i32.const(15))) : i8x16.shr_u(pairs, i32.const(4));
  }
}
