import { BYTES } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { mergeBatch } from "../../core/mergeBatch.ts";
import { transposed } from "../../core/operand.ts";
import { forEachRow, mergeDims } from "../../core/loop.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { type DirectArguments, directModule, directScratch } from "./kernels/matmul/direct.ts";
import { type GemmArguments, gemmModule, scratchBytes } from "./kernels/matmul/gemm.ts";
import { type AddRowsArguments, addRowsModule, type DotsArguments, dotsModule } from "./kernels/matmul/matvec.ts";
import { type Direction, type PackArguments, packModule } from "./kernels/matmul/pack.ts";
import { type SmallArguments, smallModule } from "./kernels/matmul/small.ts";
import { type Tile, tileFor, UNROLL } from "./kernels/matmul/tile.ts";
import { addressOf, type Arena, bufferOf, type WasmBuffer } from "./memory.ts";
import type { PackedWeights } from "./packedWeights.ts";
import { together } from "./place.ts";

/**
 * Matrix products over the last two dims, of floats of any kind, with any strides.
 *
 * @param a [batch…, m, k]
 * @param b [batch…, k, n]
 * @param out [batch…, m, n], f32, contiguous in the last dim
 * @param bias [n], added to every row, or null
 * @param weights given if b is a weight, whose panels may be kept
 */
export function matmul(
  engine: Engine,
  a: Operand,
  b: Operand,
  out: Operand,
  bias: Operand | null = null,
  weights?: PackedWeights,
): void {
  if (sizeOf(out.shape) === 0) return;
  const [left, right, result] = mergeBatch(a, b, out) ?? [a, b, out];
  withContiguous(engine, bias ? [bias] : [], (biases) =>
    together(engine.memory, [left, right, ...biases], [result], (arena, [x, y, offset], [to]) =>
      new Product(engine, arena, x, y, to, offset, weights).run(),
    ),
  );
}

/** x [rows, k] · weightᵀ [n, k] + bias. */
export function linear(
  engine: Engine,
  weights: PackedWeights,
  x: Operand,
  weight: Operand,
  bias: Operand | null,
  out: Operand,
): void {
  matmul(engine, x, transposed(weight), out, bias, weights);
}

/** One matrix of the batch: where its parts begin. */
type Place = readonly [a: number, b: number, out: number];

class Product {
  private readonly engine: Engine;
  private readonly arena: Arena;
  private readonly a: Operand;
  private readonly b: Operand;
  private readonly out: Operand;
  private readonly bias: number;
  private readonly weights: PackedWeights | undefined;
  private readonly tile: Tile;
  private readonly m: number;
  private readonly k: number;
  private readonly n: number;
  private readonly alone: boolean;

  // over 6 parameters: a product's operands, where it runs, and what it may keep
  constructor(
    engine: Engine,
    arena: Arena,
    a: Operand,
    b: Operand,
    out: Operand,
    bias?: Operand,
    weights?: PackedWeights,
  ) {
    this.engine = engine;
    this.arena = arena;
    [this.a, this.b, this.out] = [a, b, out];
    this.bias = bias ? addressOf(bias) : 0;
    this.weights = weights;
    this.tile = tileFor(engine.fma, engine.tuning.depths);
    [this.m, this.n] = out.shape.slice(-2);
    this.k = a.shape[a.shape.length - 1];
    this.alone = sizeOf(out.shape) * this.k < engine.tuning.alone;
  }

  /** Bytes from one row of the result to the next. */
  private get outLine(): number {
    return 4 * this.out.strides[this.out.strides.length - 2];
  }

  run(): void {
    const places = this.places();
    const [rowA, columnA] = this.a.strides.slice(-2);
    const [rowB, columnB] = this.b.strides.slice(-2);
    const readable = this.a.dtype === "f32" && (columnA === 1 || this.k === 1);
    const { fewRows, smallProduct, smallBatch, narrow, narrowProduct } = this.engine.tuning;
    const few = this.m <= fewRows && readable;
    const work = this.m * this.n * this.k;
    const most = Math.min(this.m, this.n, this.k) <= narrow ? narrowProduct : smallProduct;
    if (this.k === 0 || (few && (rowB === 1 || this.k === 1))) this.dots(places, 4 * rowA, columnB);
    else if (few && columnB === 1) this.addRows(places, 4 * rowA, rowB);
    else if (work <= most && (work * places.length <= smallBatch || !this.fitsDirect())) this.small(places);
    else if (this.fitsDirect()) this.direct(places);
    else this.panels(places);
  }

  /** Whether the matrices are so small that packing them costs more than reading them as they lie. */
  private fitsDirect(): boolean {
    const { a, b, m, n, k, engine, weights } = this;
    const readable = a.dtype === "f32" && b.dtype === "f32" && a.strides.slice(-2).some((stride) => stride === 1);
    // without fused multiply-add every term is rounded twice: there doubles are needed
    return readable && !weights && engine.fma && Math.max(m, n, k) <= engine.tuning.directSize;
  }

  /** Some rows of a matrix a task. Where the columns of b are no neighbours, b is packed. */
  private direct(places: readonly Place[]): void {
    const { engine, arena, a, b, m, n, k, tile, bias } = this;
    const [rowA, columnA] = a.strides.slice(-2);
    const [rowB, columnB] = b.strides.slice(-2);
    const scratch = [engine.memory.allocIn(arena, directScratch(tile) * engine.pool.size)];
    try {
      let at = (place: number) => place;
      let [bRow, bStrip] = [4 * rowB, 4 * tile.columns];
      if (columnB !== 1) {
        const depth = Math.ceil(k / UNROLL) * UNROLL;
        const bytes = Math.ceil(n / tile.columns) * tile.columns * depth * 4;
        const starts = [...new Set(places.map(([, place]) => place))];
        const packed = engine.memory.allocIn(arena, bytes * starts.length);
        scratch.push(packed);
        this.pack(b, tile.columns, columnB, rowB, n, starts, packed.address, bytes);
        const order = new Map(starts.map((start, i) => [start, packed.address + i * bytes]));
        at = (place) => order.get(place)!;
        [bRow, bStrip] = [4 * tile.columns, 4 * tile.columns * depth];
      }
      const parts = this.alone ? 1 : Math.ceil((2 * engine.pool.size) / places.length);
      const step = Math.ceil(m / parts / tile.rows) * tile.rows;
      const tasks = places.flatMap(([x, y, out]) =>
        ranges(m, step).map(([row, rows]) => {
          // biome-ignore format: in groups
          const args = {
            a: x + 4 * row * rowA, aRow: 4 * rowA, aColumn: 4 * columnA, b: at(y), bRow, bStrip,
            out: out + row * this.outLine, outLine: this.outLine, rows, columns: n, depth: k, bias, scratch: scratch[0].address,
          } satisfies DirectArguments;
          return Object.values(args);
        }),
      );
      const side = columnA === 1 ? "rows" : "columns";
      this.share(`direct ${side}`, () => directModule(tile, side), tasks);
    } finally {
      for (const buffer of scratch) engine.memory.free(buffer);
    }
  }

  /** All matrices of the batch. */
  private places(): Place[] {
    const [sizeA, sizeB] = [BYTES[this.a.dtype], BYTES[this.b.dtype]];
    const loop = mergeDims(
      [...this.out.shape.slice(0, -2), 1],
      [this.a, this.b, this.out].map((t) => [...t.strides.slice(0, -2), 0]),
    );
    const last = loop.shape.length - 1;
    const found: Place[] = [];
    forEachRow(loop, [0, 0, 0], ([a, b, out]) => {
      for (let i = 0; i < loop.shape[last]; i++) {
        const [stepA, stepB, stepOut] = loop.strides.map((s) => s[last] * i);
        found.push([
          addressOf(this.a) + sizeA * (a + stepA),
          addressOf(this.b) + sizeB * (b + stepB),
          addressOf(this.out) + 4 * (out + stepOut),
        ]);
      }
    });
    return found;
  }

  private dots(places: readonly Place[], xLine: number, columnB: number): void {
    const { m, n, k, b, bias } = this;
    const weightLine = columnB * BYTES[b.dtype];
    const step = linesPerTask(n, this.engine.tuning.taskBytes / Math.max(1, k * BYTES[b.dtype]));
    const tasks = places.flatMap(([x, weight, out]) =>
      ranges(n, step).map(([line, lines]) => {
        // biome-ignore format: in groups
        const args = {
          x, xLine, weight: weight + line * weightLine, weightLine, out: out + 4 * line, outLine: this.outLine,
          rows: m, lines, depth: k, bias: bias && bias + 4 * line,
        } satisfies DotsArguments;
        return Object.values(args);
      }),
    );
    const { fma } = this.engine;
    this.share(`dots ${b.dtype}`, () => dotsModule(b.dtype, fma), tasks);
  }

  private addRows(places: readonly Place[], xLine: number, rowB: number): void {
    const { m, n, k, b, bias } = this;
    const size = BYTES[b.dtype];
    const step = Math.ceil(linesPerTask(n, this.engine.tuning.taskBytes / Math.max(1, k * size)) / 32) * 32;
    const tasks = places.flatMap(([x, right, out]) =>
      ranges(n, step).map(([column, columns]) => {
        // biome-ignore format: in groups
        const args = {
          x, xLine, b: right + column * size, bLine: rowB * size, out: out + 4 * column, outLine: this.outLine,
          rows: m, columns, depth: k, bias: bias && bias + 4 * column,
        } satisfies AddRowsArguments;
        return Object.values(args);
      }),
    );
    const { fma } = this.engine;
    this.share(`addRows ${b.dtype}`, () => addRowsModule(b.dtype, fma), tasks);
  }

  private small(places: readonly Place[]): void {
    const { a, b, m, n, k, bias } = this;
    const [sizeA, sizeB] = [BYTES[a.dtype], BYTES[b.dtype]];
    const [rowA, columnA] = a.strides.slice(-2);
    const [rowB, columnB] = b.strides.slice(-2);
    const tasks = places.map(([x, y, out]) => {
      // biome-ignore format: in groups
      const args = {
        a: x, aRow: rowA * sizeA, aColumn: columnA * sizeA, b: y, bRow: rowB * sizeB, bColumn: columnB * sizeB,
        out, outLine: this.outLine, rows: m, columns: n, depth: k, bias,
      } satisfies SmallArguments;
      return Object.values(args);
    });
    const neighbours = columnB === 1;
    this.share(`small ${a.dtype} ${b.dtype} ${neighbours}`, () => smallModule(a.dtype, b.dtype, neighbours), tasks);
  }

  /** Pack both sides, unless the right one's panels are kept, and multiply panels. */
  private panels(places: readonly Place[]): void {
    const { engine, arena, a, b, m, n, k, tile } = this;
    const depth = Math.ceil(k / UNROLL) * UNROLL;
    const [panelsA, panelsB] = [Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)];
    const [bytesA, bytesB] = [panelsA * tile.rows * depth * 4, panelsB * tile.columns * depth * 4];
    const distinct = (which: 0 | 1) => [...new Set(places.map((place) => place[which]))];
    const [starts, rightStarts] = [distinct(0), distinct(1)];
    const kept = this.weights?.find(bufferOf(b), this.layout(), arena, bytesB);
    const scratch: WasmBuffer[] = [];
    const take = (bytes: number) => {
      const buffer = engine.memory.allocIn(arena, bytes);
      scratch.push(buffer);
      return buffer.address;
    };
    try {
      const packedA = take(bytesA * starts.length);
      const packedB = kept?.buffer.address ?? take(bytesB * rightStarts.length);
      const [rowA, columnA] = a.strides.slice(-2);
      const [rowB, columnB] = b.strides.slice(-2);
      this.pack(a, tile.rows, rowA, columnA, m, starts, packedA, bytesA);
      if (!kept?.filled) this.pack(b, tile.columns, columnB, rowB, n, rightStarts, packedB, bytesB);
      if (kept) kept.filled = true;
      const atA = new Map(starts.map((start, i) => [start, packedA + i * bytesA]));
      const atB = new Map(rightStarts.map((start, i) => [start, packedB + i * bytesB]));
      this.multiply(
        places.map(([x, y, out]) => [atA.get(x)!, atB.get(y)!, out]),
        panelsA,
        panelsB,
        take,
      );
    } finally {
      for (const buffer of scratch) engine.memory.free(buffer);
    }
  }

  /** What tells one set of panels of a buffer from another. */
  private layout(): string {
    const { dtype, shape, strides, offset } = this.b;
    return [dtype, shape, strides, offset].join(" ");
  }

  // over 6 parameters: the arguments of the kernel that packs, in its order
  private pack(
    { dtype }: Operand,
    tile: number,
    lineStride: number,
    depthStride: number,
    lines: number,
    starts: readonly number[],
    to: number,
    bytes: number,
  ): void {
    const size = BYTES[dtype];
    const direction: Direction = depthStride === 1 ? "along" : lineStride === 1 ? "across" : "any";
    const panels = Math.ceil(lines / tile);
    const step = linesPerTask(panels, this.engine.tuning.taskBytes / BYTES.f32 / (tile * this.k));
    const tasks = starts.flatMap((start, i) =>
      ranges(panels, step).map(([panel, count]) => {
        // biome-ignore format: in groups
        const args = {
          from: start + panel * tile * lineStride * size, to: to + i * bytes, panels, panel,
          lines: Math.min(count * tile, lines - panel * tile), depth: this.k,
          lineStride: lineStride * size, depthStride: depthStride * size,
        } satisfies PackArguments;
        return Object.values(args);
      }),
    );
    this.share(`pack ${dtype} ${tile} ${direction}`, () => packModule(dtype, tile, this.tile.depths, direction), tasks);
  }

  private multiply(places: readonly Place[], aPanels: number, bPanels: number, take: (bytes: number) => number): void {
    const { m, n, k, bias, tile, engine, outLine: line } = this;
    const [rowPanels, columnPanels] = this.taskPanels(aPanels, bPanels, places.length);
    const perThread = scratchBytes(tile, rowPanels, columnPanels);
    const scratch = take(perThread * engine.pool.size);
    const tasks = places.flatMap(([a, b, out]) =>
      ranges(bPanels, columnPanels).flatMap(([bPanel, countB]) =>
        ranges(aPanels, rowPanels).map(([aPanel, countA]) => {
          const [row, column] = [aPanel * tile.rows, bPanel * tile.columns];
          const [rows, columns] = [Math.min(countA * tile.rows, m - row), Math.min(countB * tile.columns, n - column)];
          // biome-ignore format: in groups
          const args = {
            a, aPanels, aPanel, b, bPanels, bPanel, c: out + row * line + 4 * column, line,
            rows, columns, depth: k, bias: bias && bias + 4 * column, scratch, scratchBytes: perThread,
          } satisfies GemmArguments;
          return Object.values(args);
        }),
      ),
    );
    this.share("gemm", () => gemmModule(tile), tasks);
  }

  /**
   * How many panels of rows and columns make a task: large blocks are faster, but every thread should have several.
   * Blocks are about equal, because a narrow one reads as much as a wide one, for less work.
   */
  private taskPanels(aPanels: number, bPanels: number, matrices: number): [rows: number, columns: number] {
    const { tile, alone, engine } = this;
    const wanted = alone ? 1 : 4 * engine.pool.size;
    let down = Math.max(1, Math.round((aPanels * tile.rows) / engine.tuning.taskRows));
    let across = Math.max(1, Math.round((bPanels * tile.columns) / engine.tuning.taskColumns));
    while (bPanels / across > 8 && down * across * matrices < wanted) across *= 2;
    while (aPanels / down > 4 && down * across * matrices < wanted) down *= 2;
    return [Math.ceil(aPanels / down), Math.ceil(bPanels / across)];
  }

  private share(key: string, assemble: Parameters<Engine["kernel"]>[1], tasks: readonly (readonly number[])[]): void {
    const kernel = this.engine.kernel(key, assemble);
    if (this.alone) for (const args of tasks) this.engine.call(kernel, this.arena, args);
    else this.engine.share(kernel, this.arena, tasks);
  }
}

/** `wanted` of `count`, but not so few that there are more than 256 tasks; a multiple of 4. */
export function linesPerTask(count: number, wanted: number): number {
  return Math.ceil(Math.max(1, wanted, count / 256) / 4) * 4;
}

/** 0 … count - 1 in pieces of `step`. */
export function ranges(count: number, step: number): [start: number, length: number][] {
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => [i * step, Math.min(step, count - i * step)]);
}
