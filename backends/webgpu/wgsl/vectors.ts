import { BYTES, type DType, isQuantized } from "../../../core/dtype.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { lines } from "./wgsl.ts";

/**
 * How kernels read runs of floats: four at a time where neighbours lie together and every run starts at a multiple of
 * four elements, else one by one.
 */
export interface Reading {
  readonly dtype: DType;
  readonly four: boolean;
}

/** @param along the dim whose runs are read */
export function readingOf(operand: Operand, along: number): Reading {
  const { dtype, strides, shape, offset } = operand;
  const aligned = strides.every((s, i) => (i === along ? s === 1 : s % 4 === 0 || shape[i] === 1));
  return { dtype, four: aligned && offset % 4 === 0 };
}

/** Changes with the text of `readers`. */
export function readingKey({ dtype, four }: Reading): string {
  return dtype + (four ? "x4" : "");
}

/** A vector of four values, by their numbers. */
export function vec4Of(value: (i: number) => string): string {
  return `vec4<f32>(${lines(4, value, ", ")})`;
}

/** `fn <name>(i)`: element i; `fn <name>4(i, step)`: elements i, i + step, …, where `step` is 1 if `four`. */
export function readers(name: string, binding: number, { dtype, four }: Reading): string {
  const b = `b${binding}`;
  if (!four) {
    const one = {
      f32: `bitcast<f32>(${b}[i])`,
      f16: `unpack2x16float(${b}[i >> 1u] >> ((i & 1u) * 16u)).x`,
      bf16: `bitcast<f32>((${b}[i >> 1u] >> ((i & 1u) * 16u)) << 16u)`,
    }[dtype as "f32" | "f16" | "bf16"];
    return `fn ${name}(i: u32) -> f32 { return ${one}; }
fn ${name}4(i: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(${name}(i), ${name}(i + step), ${name}(i + 2u * step), ${name}(i + 3u * step));
}`;
  }
  const vector = {
    f32: "bitcast<vec4<f32>>(w)",
    f16: "vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y))",
    bf16: "bitcast<vec4<f32>>(vec4<u32>(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u))",
  }[dtype as "f32" | "f16" | "bf16"];
  return `fn ${name}4(i: u32, step: u32) -> vec4<f32> { let w = ${b}[i >> 2u]; return ${vector}; }
fn ${name}(i: u32) -> f32 { return ${name}4(i, 1u)[i & 3u]; }`;
}

/**
 * `fn <name>(line, first, step)`: elements first to first + 3 of the line that begins at the address `line`, with zeros
 * from `end` on.
 * @param read the name that `readers` got
 */
export function edgeReader(name: string, read: string, end: string): string {
  return `fn ${name}(line: u32, first: u32, step: u32) -> vec4<f32> {
  if (first + 3u < ${end}) { return ${read}4(line + first * step, step); }
  var found = vec4<f32>();
  for (var t = 0u; first + t < ${end}; t++) { found[t] = ${read}(line + (first + t) * step); }
  return found;
}`;
}

/** The element type of the buffer that `readers` needs. */
export function wordsOf({ dtype, four }: Reading): string {
  if (!four || isQuantized(dtype)) return "u32";
  return BYTES[dtype] === 4 ? "vec4<u32>" : "vec2<u32>";
}
