import { BYTES } from "../../core/dtype.ts";
import { call, input } from "../../core/expr.ts";
import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { type AttentionArguments, attentionModule, type MaskStep, scratchBytes } from "./kernels/attention.ts";
import { type Direction, type PackArguments, packModule } from "./kernels/matmul/pack.ts";
import { softmaxModule } from "./kernels/rows.ts";
import { type Tile, tileFor, UNROLL } from "./kernels/matmul/tile.ts";
import { map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { addressOf, type Arena, bufferOf, type WasmBuffer } from "./memory.ts";
import { together } from "./place.ts";

/**
 * softmax(scale · q kᵀ + mask) v for each head.
 *
 * @param q [b, h, i, d]
 * @param k [b, hk, j, d], h a multiple of hk
 * @param v [b, hk, j, e]
 * @param mask f32 [b, h, i, j] by strides, or null
 * @param out [b, h, i, e], contiguous
 */
// over 6 parameters: those of `FusedKernels.attention`, behind the engine
export function attention(
  engine: Engine,
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  scale: number,
  out: Operand,
): void {
  if (sizeOf(out.shape) === 0) return;
  const [, heads, queries] = q.shape;
  const keyHeads = k.shape[1];
  if (queries * (heads / keyHeads) <= engine.tuning.fewQueries || k.shape[2] === 0) {
    fewQueries(engine, q, k, v, mask, scale, out);
    return;
  }
  const walkable = mask === null || mask.shape[3] === 1 || mask.strides[3] === 0 || mask.strides[3] === 1;
  const masks = mask ? [mask] : [];
  const run = (usable: readonly Operand[]) =>
    together(engine.memory, [q, k, v, ...usable], [out], (arena, [x, y, z, bias], [to]) =>
      new Attention(engine, arena, x, y, z, bias, scale, to).run(),
    );
  if (walkable) run(masks);
  else withContiguous(engine, masks, run);
}

/** Keys and values packed as panels once for each head, then tasks of some rows each. */
class Attention {
  private readonly engine: Engine;
  private readonly arena: Arena;
  private readonly tile: Tile;
  private readonly q: Operand;
  private readonly k: Operand;
  private readonly v: Operand;
  private readonly mask: Operand | undefined;
  private readonly scale: number;
  private readonly out: Operand;
  private readonly scratch: WasmBuffer[] = [];

  // over 6 parameters: those of `FusedKernels.attention`, behind the engine and its arena
  constructor(
    engine: Engine,
    arena: Arena,
    q: Operand,
    k: Operand,
    v: Operand,
    mask: Operand | undefined,
    scale: number,
    out: Operand,
  ) {
    [this.engine, this.arena, this.tile] = [engine, arena, tileFor(engine.fma, engine.tuning.depths)];
    [this.q, this.k, this.v, this.mask, this.scale, this.out] = [q, k, v, mask, scale, out];
  }

  run(): void {
    try {
      const { q, k, v, tile } = this;
      const panelsQ = this.pack(q, 2, 3, tile.rows);
      const panelsK = this.pack(k, 2, 3, tile.columns);
      const panelsV = this.pack(v, 3, 2, tile.columns);
      this.compute(panelsQ, panelsK, panelsV);
    } finally {
      for (const buffer of this.scratch) this.engine.memory.free(buffer);
    }
  }

  private take(bytes: number): number {
    const buffer = this.engine.memory.allocIn(this.arena, bytes);
    this.scratch.push(buffer);
    return buffer.address;
  }

  /** Panels of every head, one after the other. Returns the first address, and the bytes of a head. */
  private pack(t: Operand, lineAxis: 2 | 3, depthAxis: 2 | 3, tile: number): { start: number; bytes: number } {
    const size = BYTES[t.dtype];
    const [lines, depth] = [t.shape[lineAxis], t.shape[depthAxis]];
    const [lineStride, depthStride] = [t.strides[lineAxis] * size, t.strides[depthAxis] * size];
    const panels = Math.ceil(lines / tile);
    const bytes = 4 * panels * tile * Math.ceil(depth / UNROLL) * UNROLL;
    const start = this.take(bytes * t.shape[0] * t.shape[1]);
    const tasks: number[][] = [];
    for (let b = 0; b < t.shape[0]; b++) {
      for (let h = 0; h < t.shape[1]; h++) {
        const from = addressOf(t) + size * (b * t.strides[0] + h * t.strides[1]);
        const to = start + (b * t.shape[1] + h) * bytes;
        const args: PackArguments = { from, to, panels, panel: 0, lines, depth, lineStride, depthStride };
        tasks.push(Object.values(args));
      }
    }
    const direction: Direction = depthStride === size ? "along" : lineStride === size ? "across" : "any";
    const kernel = this.engine.kernel(`pack ${t.dtype} ${tile} ${direction}`, () =>
      packModule(t.dtype, tile, this.tile.depths, direction),
    );
    this.engine.share(kernel, this.arena, tasks);
    return { start, bytes };
  }

  private compute(panelsQ: Panels, panelsK: Panels, panelsV: Panels): void {
    const { engine, arena, q, k, v, mask, out, tile } = this;
    const [batch, heads, queries, depth] = q.shape;
    const [, keyHeads, keys, columns] = v.shape;
    const [maskB, maskH, maskI, maskJ] = (mask?.strides ?? [0, 0, 0, 0]).map((stride) => 4 * stride);
    const qPanels = Math.ceil(queries / tile.rows);
    const perThread = scratchBytes(tile, columns);
    const tasks: number[][] = [];
    const { taskTiles } = engine.tuning;
    const scratch = this.take(perThread * engine.pool.size);
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        const keyHead = b * keyHeads + Math.floor(h / (heads / keyHeads));
        for (let qPanel = 0; qPanel < qPanels; qPanel += taskTiles) {
          const row = qPanel * tile.rows;
          // biome-ignore format: in groups
          const args = {
            q: panelsQ.start + (b * heads + h) * panelsQ.bytes, qPanels, qPanel,
            k: panelsK.start + keyHead * panelsK.bytes, v: panelsV.start + keyHead * panelsV.bytes,
            mask: mask ? addressOf(mask) + b * maskB + h * maskH + row * maskI : 0, maskLine: maskI,
            out: addressOf(out) + 4 * ((b * heads + h) * queries + row) * columns,
            rows: Math.min(taskTiles * tile.rows, queries - row), keys, depth, columns,
            scratch, scratchBytes: perThread, scale: this.scale,
          } satisfies AttentionArguments;
          tasks.push(Object.values(args));
        }
      }
    }
    const step: MaskStep = !mask ? "none" : maskJ === 0 && k.shape[2] !== 1 ? "same" : "next";
    engine.share(
      engine.kernel(`attention ${step}`, () => attentionModule(tile, step)),
      arena,
      tasks,
    );
  }
}

interface Panels {
  readonly start: number;
  readonly bytes: number;
}

const SCALE = call("mul", input(0), input(1));
const SCALE_AND_MASK = call("add", SCALE, input(2));

/** Decoding: with few rows, the scores are small, and keys and values are read once, as they lie. */
// over 6 parameters: those of `FusedKernels.attention`, behind the engine
function fewQueries(
  engine: Engine,
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  scale: number,
  out: Operand,
): void {
  const [batch, heads, queries, depth] = q.shape;
  const [, keyHeads, keys, columns] = v.shape;
  const shape = [batch, heads, queries, keys];
  const buffer = engine.memory.allocIn(bufferOf(out).arena, sizeOf(shape) * 4);
  /** [b, h, i, x], contiguous, with the heads that share keys stacked as rows. */
  const stacked = (t: Operand, last: number): Operand => {
    const rows = [batch, keyHeads, (heads / keyHeads) * queries, last];
    return { buffer: t.buffer, dtype: t.dtype, offset: t.offset, shape: rows, strides: contiguousStrides(rows) };
  };
  const scores: Operand = { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
  const keyColumns = {
    buffer: k.buffer,
    dtype: k.dtype,
    offset: k.offset,
    shape: swapped(k.shape),
    strides: swapped(k.strides),
  };
  try {
    withContiguous(engine, [q], ([x]) => matmul(engine, stacked(x, depth), keyColumns, stacked(scores, keys)));
    map(engine, mask ? SCALE_AND_MASK : SCALE, mask ? [scores, scale, mask] : [scores, scale], scores);
    if (keys > 0) {
      const rows = batch * heads * queries;
      const kernel = engine.kernel("softmax safe", () => softmaxModule(engine.fma, true));
      engine.call(kernel, buffer.arena, [buffer.address, buffer.address, rows, keys]);
    }
    matmul(engine, stacked(scores, keys), v, stacked(out, columns));
  } finally {
    engine.memory.free(buffer);
  }
}

const swapped = ([b, h, j, d]: readonly number[]) => [b, h, d, j];
