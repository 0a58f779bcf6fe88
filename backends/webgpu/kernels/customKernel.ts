import { computeDType } from "../../../core/dtype.ts";
import { InfimmError } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { Bindings, PER_WORD } from "../recording/bindings.ts";
import { declarations, entry, floatBits, GROUP, loader, param } from "../wgsl/wgsl.ts";
import { functionsFor } from "../wgsl/functions.ts";
import type { Recorder } from "../recording/recorder.ts";
import { onWhole } from "./whole.ts";

/** A kernel in WGSL. */
export interface WgslKernel {
  readonly name: string;
  /** What the inputs are called: `x` becomes `fn x(i: u32)`, its element i in row-major order, as f32, i32 or bool. */
  readonly inputs: readonly string[];
  /** u32 numbers that the code knows by name, from the shapes. */
  sizes?(inputs: readonly Operand[], out: Operand): Readonly<Record<string, number>>;
  /** f32 numbers that the code knows by name. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** How many times `run` is called. Default: once for each element of the result. */
  threads?(inputs: readonly Operand[], out: Operand): number;
  /**
   * WGSL with `fn run(i: u32)`, which is called for each i from 0; it writes elements of the result with
   * `put(at, value)`. All functions of wgsl/functions.ts may be called: `expOf`, `erfOf`, `isNan`, …
   */
  readonly code: string;
}

/** Runs a kernel of the caller's: see wgslKernel.ts. */
export function customKernel(recorder: Recorder, spec: WgslKernel, inputs: readonly Operand[], out: Operand): void {
  if (inputs.length !== spec.inputs.length)
    throw new InfimmError(`${spec.name}(${spec.inputs.join(", ")}): got ${inputs.length} inputs`);
  if (PER_WORD[out.dtype] !== 1)
    throw new InfimmError(`${spec.name}: a result is f32 or i32, not ${out.dtype}; convert it afterwards`);
  if (sizeOf(out.shape) === 0) return;
  onWhole(recorder, inputs, [out], (whole, [to]) => run(recorder, spec, whole, to));
}

function run(recorder: Recorder, spec: WgslKernel, inputs: readonly Operand[], out: Operand): void {
  const { name, numbers = {} } = spec;
  const sizes = spec.sizes?.(inputs, out) ?? {};
  const threads = spec.threads?.(inputs, out) ?? sizeOf(out.shape);
  const bindings = new Bindings();
  const ids = inputs.map((input) => bindings.add(input));
  const target = bindings.add(out, { writable: true });
  const { pattern } = bindings;
  recorder.dispatch({
    key: `custom ${name};${spec.code};${inputs.map(({ dtype }, k) => dtype + ids[k])};${out.dtype};${pattern}`,
    blocks: bindings.blocks,
    params: [
      threads,
      bindings.base(target, out),
      ...inputs.map((input, k) => bindings.base(ids[k], input)),
      ...Object.values(sizes),
      ...Object.values(numbers).map(floatBits),
    ],
    groups: Math.ceil(threads / GROUP),
    source: () => {
      const names = [...Object.keys(sizes), ...Object.keys(numbers)];
      const first = 2 + inputs.length;
      const isSize = (i: number) => i < Object.keys(sizes).length;
      const type = computeDType(out.dtype);
      const code = [
        ...names.map((constant, i) => `var<private> ${constant}: ${isSize(i) ? "u32" : "f32"};`),
        ...inputs.flatMap(({ dtype }, k) => [
          loader(`load${k}`, ids[k], dtype),
          `fn ${spec.inputs[k]}(i: u32) -> ${computeDType(dtype)} { return load${k}(${param(2 + k)} + i); }`,
        ]),
        `fn put(at: u32, value: ${type}) { b${target}[${param(1)} + at] = bitcast<u32>(value); }`,
        entry(
          GROUP,
          [
            ...names.map((constant, i) => {
              const slot = param(first + i);
              return `  ${constant} = ${isSize(i) ? slot : `bitcast<f32>(${slot})`};`;
            }),
            `  let i = group * ${GROUP}u + lane;\n  if (i < ${param(0)}) { run(i); }`,
          ].join("\n"),
        ),
      ].join("\n");
      // the user's code first: WGSL lets it, and the lines that the compiler names are then the user's
      const given = `${spec.code}\n${code}`;
      return [spec.code, declarations(first + names.length, pattern), functionsFor(given), code].join("\n");
    },
  });
}
