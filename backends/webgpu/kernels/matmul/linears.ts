import { computeDType, isQuantized, type QuantizedDType } from "../../../../core/dtype.ts";
import { exprKey } from "../../../../core/expr.ts";
import { type Layer, type LinearResult, linearsOneByOne } from "../../../../core/linears.ts";
import { transposed } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { inOneBlock } from "../../memory/split.ts";
import { Bindings } from "../../recording/bindings.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { printExpression } from "../../wgsl/expression.ts";
import { functionsFor } from "../../wgsl/functions.ts";
import { foldLanes } from "../../wgsl/lanes.ts";
import { readers, readingKey, readingOf, wordsOf } from "../../wgsl/vectors.ts";
import { declarations, entry, floatBits, GROUP, lines, loader, param } from "../../wgsl/wgsl.ts";
import { map, typesOf } from "../map/map.ts";
import { addPlanes, quantReaders } from "../quantized.ts";
import { columnSums, SHARE } from "./matvec.ts";
import { matmul } from "./matmul.ts";

/** The most rows: those of a product that is made by reading the weight once. */
export const FEW_ROWS = 4;

/**
 * Products of up to four rows, and what expressions make of them, in one dispatch: a workgroup computes two columns of
 * one result, and its first thread the expression of them.
 */
export function linears(recorder: Recorder, x: Operand, results: readonly LinearResult[]): void {
  const operands = results.flatMap(({ layers, inputs, out }) => [
    out,
    ...layers.flatMap(({ weight, bias }) => (bias ? [weight, bias] : [weight])),
    ...inputs.filter((arg) => typeof arg !== "number"),
  ]);
  const plan = inOneBlock(x, ...operands) ? new Plan(recorder, x, results) : undefined;
  if (plan && plan.bindings.blocks.length <= recorder.device.limits.maxStorageBuffersPerShaderStage) plan.run();
  else oneByOne(recorder, x, results);
}

function oneByOne(recorder: Recorder, x: Operand, results: readonly LinearResult[]): void {
  linearsOneByOne(x, results, {
    alloc: (byteLength) => recorder.alloc(byteLength),
    free: (buffer) => recorder.free(buffer as ReturnType<Recorder["alloc"]>),
    linear: (rows, weight, bias, out) => matmul(recorder, rows, transposed(weight), bias, out),
    map: (expr, inputs, out) => map(recorder, expr, inputs, out),
  });
}

/** One dispatch: its bindings, its parameters, and the parts of its source. */
class Plan {
  readonly bindings = new Bindings();
  private readonly recorder: Recorder;
  private readonly rows: number;
  private readonly params: number[] = [];
  private readonly keys: string[] = [];
  /** Element types of the buffers that are not u32. */
  private readonly types: string[] = [];
  private readonly functions: string[] = [];
  private readonly branches: string[] = [];
  private readonly slots: { readonly m: number; readonly k: number; readonly x: number; readonly line: number };
  private groups = 0;

  constructor(recorder: Recorder, x: Operand, results: readonly LinearResult[]) {
    this.recorder = recorder;
    this.rows = x.shape[0];
    const id = this.bindings.add(x, { alone: true });
    const base = this.bindings.base(id, x);
    const reading = readingOf({ ...x, offset: base }, 1);
    this.types[id] = wordsOf(reading);
    this.functions.push(readers("loadA", id, reading));
    this.keys.push(`${this.rows} ${readingKey(reading)} ${id}`);
    this.slots = {
      m: this.slot(this.rows),
      k: this.slot(x.shape[1]),
      x: this.slot(base),
      line: this.slot(x.strides[0]),
    };
    for (const [i, result] of results.entries()) this.add(result, i);
  }

  run(): void {
    const { bindings, params, functions, branches, rows, recorder } = this;
    recorder.dispatch({
      key: `linears;${this.keys.join(";")};${bindings.pattern}`,
      blocks: bindings.blocks,
      params,
      groups: this.groups,
      source: () => {
        const { m, x, line } = this.slots;
        const body = `  let part = lane;
${lines(rows, (r) => `  let a${r} = ${param(x)} + min(${r}u, ${param(m)} - 1u) * ${param(line)};`)}
${branches.join(" else ")}`;
        const folding = { lanes: SHARE.lanes, threads: GROUP, subgroup: recorder.subgroup };
        const code = [...functions, foldLanes("together", sumType(rows), folding, "a + b"), entry(GROUP, body)].join(
          "\n",
        );
        const types = Array.from({ length: bindings.blocks.length }, (_, id) => this.types[id] ?? "u32");
        return [declarations(params.length, bindings.pattern, types), functionsFor(code), code].join("\n");
      },
    });
  }

  private slot(value: number): number {
    return this.params.push(value) - 1;
  }

  /** A result: its workgroups follow those of the ones before. */
  private add({ layers, expr, inputs, out }: LinearResult, index: number): void {
    const n = out.shape[1];
    const first = this.slot(this.groups);
    this.groups += Math.ceil(n / SHARE.columns);
    const end = this.slot(this.groups);
    const width = this.slot(n);
    const sums = layers.map((layer, l) => this.addLayer(layer, `${index}_${l}`, width));
    const value = this.addExpression({ layers, expr, inputs, out }, index);
    const target = this.bindings.add(out, { writable: true });
    const base = this.slot(this.bindings.base(target, out));
    this.keys.push(`> ${target}`);
    const { rows } = this;
    const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
    const write = (r: number, c: number) => {
      const args = [...layers.map((_, l) => `p${l}_${c}${element(r)}`), `${r}u`, `first + ${c}u`];
      return `      b${target}[${param(base)} + ${r}u * ${param(width)} + first + ${c}u] = bitcast<u32>(${value}(${args}));`;
    };
    this.branches.push(`  if (group < ${param(end)}) {
    let first = (group - ${param(first)}) * ${SHARE.columns}u;
${lines(layers.length, (l) => lines(SHARE.columns, (c) => `    var p${l}_${c} = ${sumType(rows)}();`))}
${sums.join("\n")}
${lines(SHARE.columns, (c) => `    if (part == 0u && first + ${c}u < ${param(width)}) {\n${lines(rows, (r) => write(r, c))}\n    }`)}
  }`);
  }

  /** @returns statements that set `p<layer>_<column>` to the sums of columns `first` and on, without bias */
  private addLayer({ weight }: Layer, name: string, width: number): string {
    const { bindings, rows } = this;
    const load = `loadB${name}`;
    const bn = this.slot(weight.strides[0]);
    let [id, base] = [0, 0];
    if (isQuantized(weight.dtype)) {
      const planes = addPlanes(bindings, weight);
      [id, base] = [planes.quants, planes.base];
      const scales = param(this.slot(planes.scaleBase));
      this.functions.push(quantReaders(load, planes, weight.dtype as QuantizedDType, scales));
      this.keys.push(`${weight.dtype} ${planes.quants} ${planes.scales}`);
    } else {
      id = bindings.add(weight, { alone: true });
      base = bindings.base(id, weight);
      const reading = readingOf({ ...weight, offset: base }, 1);
      this.types[id] = wordsOf(reading);
      this.functions.push(readers(load, id, reading));
      this.keys.push(`${readingKey(reading)} ${id}`);
    }
    const start = param(this.slot(base));
    const layer = name.slice(name.indexOf("_") + 1);
    const sums = columnSums({
      rows, share: SHARE, dtype: weight.dtype, weights: id, load, n: param(width), k: param(this.slots.k), bn: param(bn), ak: "1u",
    }); // biome-ignore format: what belongs together
    return `    {
      let b = ${start};
${sums}
${lines(SHARE.columns, (c) => `      p${layer}_${c} = together(sum${c}, lane);`)}
    }`;
  }

  /** @returns the name of a function of the layers' sums, the row and the column */
  private addExpression({ layers, expr, inputs, out }: LinearResult, index: number): string {
    const { bindings } = this;
    const types = typesOf([...layers.map(() => out), ...inputs], out);
    const loads: string[] = [];
    layers.forEach(({ bias }, l) => {
      if (!bias) {
        loads.push(`  let x${l} = p${l};`);
        return;
      }
      const id = bindings.add(bias);
      const [base, step] = [this.slot(bindings.base(id, bias)), this.slot(bias.strides[0])];
      this.functions.push(loader(`bias${index}_${l}`, id, bias.dtype));
      loads.push(`  let x${l} = p${l} + bias${index}_${l}(${param(base)} + column * ${param(step)});`);
      this.keys.push(`bias ${l} ${bias.dtype} ${id}`);
    });
    inputs.forEach((arg, i) => {
      const at = layers.length + i;
      if (typeof arg === "number") {
        const bits = this.slot(types[at] === "i32" ? arg >>> 0 : floatBits(arg));
        loads.push(`  let x${at} = bitcast<${types[at]}>(${param(bits)});`);
        this.keys.push(types[at]);
        return;
      }
      const id = bindings.add(arg);
      const base = this.slot(bindings.base(id, arg));
      const [down, along] = arg.strides.map((stride) => this.slot(stride));
      this.functions.push(loader(`input${index}_${i}`, id, arg.dtype));
      loads.push(
        `  let x${at} = input${index}_${i}(${param(base)} + row * ${param(down)} + column * ${param(along)});`,
      );
      this.keys.push(`${computeDType(arg.dtype)} ${arg.dtype} ${id}`);
    });
    const name = `result${index}`;
    const printed = printExpression(expr, types);
    const sums = layers.map((_, l) => `p${l}: f32`).join(", ");
    this.functions.push(
      `fn ${name}(${sums}, row: u32, column: u32) -> f32 {\n${[...loads, ...printed.lines].join("\n")}\n  return ${printed.value};\n}`,
    );
    this.keys.push(exprKey(expr));
    return name;
  }
}

function sumType(rows: number): string {
  return rows === 1 ? "f32" : `vec${rows}<f32>`;
}
