import { BYTES, type DType, isQuantized, type QuantizedDType } from "../../core/dtype.ts";
import { type Layer, type LinearResult, isPlain, linearsOneByOne } from "../../core/linears.ts";
import { BLOCK, quantBytes } from "../../core/quantized.ts";
import { viewOf } from "../../core/operand.ts";
import type { Operand } from "../../tensor/backend.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { linearsModule } from "./kernels/matmul/linears.ts";
import { type DotsArguments, dotsFunction } from "./kernels/matmul/matvec.ts";
import type { InputPattern, MapPattern } from "./kernels/map/mapModule.ts";
import { isInteger } from "./kernels/map/vectorize.ts";
import { lineBytes, type QuantizedDotsArguments, quantizedDotsFunction, SCRATCH } from "./kernels/quantized/dots.ts";
import { type Activations, fixedPointFor, rowBytes } from "./kernels/quantized/fixedPoint.ts";
import { keyOf, map, patternKey, stepOf, withPowers } from "./map.ts";
import { linear, linesPerTask, ranges } from "./matmul.ts";
import { addressOf, type Arena, bufferOf, type WasmBuffer } from "./memory.ts";
import type { PackedWeights } from "./packedWeights.ts";
import { together } from "./place.ts";
import { planesOf, quantizedLinear, shrinkingRanges, toFixedPoint } from "./quantized.ts";

/** How products are computed here, beside the operands. */
export interface Products {
  readonly engine: Engine;
  readonly weights: PackedWeights;
  readonly activations: Activations;
}

/** Products of the same few rows, and what expressions make of them: tasks of one launch for each kind of expression. */
export function linears(context: Products, x: Operand, results: readonly LinearResult[]): void {
  const { engine } = context;
  const layers = results.flatMap((result) => result.layers);
  const arenas = new Set(layers.map(({ weight }) => bufferOf(weight).arena));
  if (arenas.size > 1) {
    oneByOne(context, x, results); // a weight is not copied to where another lies
    return;
  }
  const biases = layers.flatMap(({ bias }) => bias ?? []);
  withContiguous(engine, biases, (flat) => {
    const others = results.flatMap(({ inputs }) => inputs.filter((arg) => typeof arg !== "number"));
    const ins = [x, ...layers.map(({ weight }) => weight), ...flat, ...others];
    together(engine.memory, ins, results.map(({ out }) => out), (arena, placed, outs) => {
      const next = placed.values();
      const take = () => next.next().value!;
      const rows = take();
      const weights = layers.map(take);
      const offsets = layers.map(({ bias }) => bias && take());
      let layer = 0;
      const moved = results.map((result, i): LinearResult => ({
        layers: result.layers.map(() => ({ weight: weights[layer], bias: offsets[layer++] })),
        expr: result.expr,
        inputs: result.inputs.map((arg) => (typeof arg === "number" ? arg : take())),
        out: outs[i],
      })); // biome-ignore format: in order
      new Launch(context, arena, rows, moved).run();
    });
  }); // biome-ignore format: one call in the other
}

function oneByOne({ engine, weights, activations }: Products, x: Operand, results: readonly LinearResult[]): void {
  linearsOneByOne(x, results, {
    alloc: (byteLength) => engine.memory.alloc(byteLength),
    free: (buffer) => engine.memory.free(buffer as WasmBuffer),
    linear: (rows, weight, bias, out) =>
      isQuantized(weight.dtype)
        ? quantizedLinear(engine, activations, rows, weight, bias, out)
        : linear(engine, weights, rows, weight, bias, out),
    map: (expr, inputs, out) => map(engine, expr, inputs, out),
  });
}

/** One call, with everything in one arena. */
class Launch {
  private readonly context: Products;
  private readonly arena: Arena;
  private readonly x: Operand;
  private readonly results: readonly LinearResult[];
  private readonly rows: number;
  private readonly k: number;
  private readonly dtype: DType;
  private readonly taken: WasmBuffer[] = [];

  constructor(context: Products, arena: Arena, x: Operand, results: readonly LinearResult[]) {
    this.context = context;
    this.arena = arena;
    this.x = x;
    this.results = results;
    [this.rows, this.k] = x.shape;
    this.dtype = results[0].layers[0].weight.dtype;
  }

  run(): void {
    try {
      const dots = isQuantized(this.dtype) ? this.quantizedDots(this.dtype) : this.dots();
      const plain = this.results.filter(isPlain);
      if (plain.length > 0) this.share(dots, plain);
      for (const result of this.results) if (!isPlain(result)) this.share(dots, [result]);
    } finally {
      for (const buffer of this.taken) this.context.engine.memory.free(buffer);
    }
  }

  private take(bytes: number): number {
    const buffer = this.context.engine.memory.allocIn(this.arena, bytes);
    this.taken.push(buffer);
    return buffer.address;
  }

  /** Tasks of results that one kernel computes. */
  private share(dots: Dots, results: readonly LinearResult[]): void {
    const { engine } = this.context;
    const [first] = results;
    const epilogue = isPlain(first) ? undefined : this.epilogue(first);
    const key = `linears ${dots.key} ${first.layers.length} ${epilogue?.key}`;
    const kernel = engine.kernel(key, () => linearsModule(first.layers.length, dots.body, epilogue, engine.fma));
    const tasks = results.flatMap(({ layers, out }) => {
      const n = out.shape[1];
      const products = [addressOf(out), ...layers.slice(1).map(() => this.take(4 * this.rows * n))];
      const pieces = dots.pieces(n);
      const { scratchBytes = 0 } = dots;
      const scratch = scratchBytes && this.take(scratchBytes * pieces.length);
      return pieces.map(([line, lines], task) => [
        ...layers.flatMap((layer, i) =>
          dots.args(layer, line, lines, products[i] + 4 * line, 4 * n, scratch + task * scratchBytes),
        ),
        ...(epilogue?.args(products, line, lines) ?? []),
      ]);
    });
    const work = results.reduce((sum, { layers, out }) => sum + layers.length * this.rows * out.shape[1] * this.k, 0);
    if (work < engine.tuning.alone) for (const args of tasks) engine.call(kernel, this.arena, args);
    else engine.share(kernel, this.arena, tasks);
  }

  private dots(): Dots {
    const { engine } = this.context;
    const { x, rows, k, dtype } = this;
    const size = BYTES[dtype];
    return {
      key: `dots ${dtype}`,
      body: dotsFunction(dtype, engine.fma),
      pieces: (n) => ranges(n, linesPerTask(n, engine.tuning.taskBytes / (k * size))),
      args: ({ weight, bias }, line, lines, out, outLine) => {
        const weightLine = weight.strides[0] * size;
        // biome-ignore format: in groups
        const args = {
          x: addressOf(x), xLine: 4 * x.strides[0], weight: addressOf(weight) + line * weightLine, weightLine, out, outLine,
          rows, lines, depth: k, bias: bias ? addressOf(bias) + 4 * line : 0,
        } satisfies DotsArguments;
        return Object.values(args);
      },
    };
  }

  private quantizedDots(dtype: QuantizedDType): Dots {
    const { engine, activations } = this.context;
    const { x, rows, k } = this;
    const form = fixedPointFor(dtype, activations, engine.fma);
    const blocks = k / BLOCK;
    const xLine = rowBytes(form, blocks);
    const address = this.take(rows * xLine);
    toFixedPoint(engine, this.arena, dtype, form, x, address);
    return {
      key: `dots ${dtype} ${form.planes} x ${form.bits}`,
      body: quantizedDotsFunction(dtype, form, engine.fma),
      pieces: (n) => {
        const step = linesPerTask(n, engine.tuning.taskBytes / lineBytes(dtype, blocks));
        return rows === 1 ? shrinkingRanges(n, step, 2 * engine.pool.size) : ranges(n, step);
      },
      scratchBytes: SCRATCH,
      args: ({ weight, bias }, line, lines, out, outLine, scratch) => {
        const { quants, scales } = planesOf(weight);
        // biome-ignore format: in groups
        const args = {
          x: address, xLine, quants: quants + line * blocks * quantBytes(dtype), scales: scales + 2 * line * blocks,
          out, outLine, rows, lines, blocks, bias: bias ? addressOf(bias) + 4 * line : 0, scratch,
        } satisfies QuantizedDotsArguments;
        return Object.values(args);
      },
    };
  }

  /** The expression over some lines of a result, whose first product lies where the result will be. */
  private epilogue({ layers, expr, inputs, out }: LinearResult): Epilogue {
    const n = out.shape[1];
    const products = layers.map(() => viewOf(out));
    const body = withPowers(expr, [...products, ...inputs]);
    const each = inputs.map(
      (t): InputPattern =>
        typeof t === "number"
          ? { number: isInteger(t) ? "i32" : "f32" }
          : { dtype: t.dtype, step: stepOf(t.strides[1]) },
    );
    const pattern: MapPattern = {
      dims: 2,
      inputs: [...products.map((): InputPattern => ({ dtype: "f32", step: "next" })), ...each],
      out: { dtype: "f32", step: "next" },
    };
    return {
      key: `${keyOf(body)} ${patternKey(pattern)}`,
      expr: body,
      pattern,
      args: (at, line, lines) => [
        ...[this.rows, lines],
        ...[at[0], ...at].flatMap((address) => [address + 4 * line, 4 * n, 4]),
        ...inputs.flatMap((t) => {
          if (typeof t === "number") return [t];
          const [down, along] = t.strides.map((stride) => stride * BYTES[t.dtype]);
          return [addressOf(t) + line * along, down, along];
        }),
      ],
    };
  }
}

/** How some lines of a weight meet the rows. */
interface Dots {
  readonly key: string;
  readonly body: ReturnType<typeof dotsFunction>;
  pieces(n: number): [line: number, lines: number][];
  /** Of each task, if any. */
  readonly scratchBytes?: number;
  args(layer: Layer, line: number, lines: number, out: number, outLine: number, scratch: number): number[];
}

interface Epilogue {
  readonly key: string;
  readonly expr: LinearResult["expr"];
  readonly pattern: MapPattern;
  /** @param products where each product of all lines lies */
  args(products: readonly number[], line: number, lines: number): number[];
}
