import { cpus } from "node:os";
import { sizeOf } from "../../core/shape.ts";
import type { Backend } from "../../tensor/backend.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { hasRelaxedSimd } from "../wasm/features.ts";
import { createWasmBackend } from "../wasm/wasm.ts";
import { arithmeticLimit, type Limit, readLimit } from "./limits.ts";
import { type Contestant, inTurns, median, ratio } from "./turns.ts";
import { loadWasmPeers, type WasmPeer } from "./wasmPeers.ts";
import { numbers } from "./numbers.ts";
import { ROWS, type Row } from "./wasmRows.ts";

/** What one contestant did with a row. */
export interface Figure {
  readonly who: string;
  /** In the row's unit. */
  readonly median: number;
  readonly best: number;
  /** Of what the machine can do on as many threads, if that is known: of fused multiply-adds, or of reading. */
  readonly shareOfLimit?: number;
  /** How many times as long it takes as our backend on all threads. */
  readonly timesOurs: number;
}

/** A row, done. */
export interface Result {
  readonly what: string;
  readonly unit: Row["unit"];
  readonly limit?: Row["limit"];
  readonly figures: readonly Figure[];
  /** What the machine could do meanwhile, in GFLOP/s or GB/s. */
  readonly limits: readonly { readonly what: string; readonly rate: number }[];
}

export interface WasmOptions {
  /** Milliseconds for each figure. */
  readonly budget: number;
  /** Only rows whose name contains it. */
  readonly only: string;
  readonly threads: number;
}

/** What the figures were made with. */
export interface Machine {
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly threads: number;
  readonly relaxedSimd: boolean;
  readonly peers: readonly string[];
  readonly missing: readonly string[];
  readonly date: string;
}

/** One of our backends. */
interface Ours {
  readonly name: string;
  readonly threads: number;
  open(): Backend & { readonly pool?: { stop(): void } };
}

/** A limit of some threads. */
interface Yardstick {
  readonly kind: Row["limit"];
  readonly threads: number;
  readonly limit: Limit;
  /** Whether shares are of it. The others are there to be seen. */
  readonly counts: boolean;
}

/**
 * The wasm backend beside cpu and the libraries installed in backends/bench/peers, in turns, and as shares of what the
 * machine can do in the same turns.
 */
export class WasmBench {
  private readonly ours: readonly Ours[];
  private readonly yardsticks: readonly Yardstick[];
  private readonly peers: readonly WasmPeer[];
  readonly machine: Machine;
  /** Why a library is missing from some rows, by its name. */
  readonly failures = new Map<string, string>();

  static async open(threads: number): Promise<WasmBench> {
    return new WasmBench(threads, await loadWasmPeers(threads));
  }

  private constructor(threads: number, { peers, versions, missing }: Awaited<ReturnType<typeof loadWasmPeers>>) {
    const fma = hasRelaxedSimd();
    this.peers = peers;
    this.ours = [
      ...[...new Set([threads, 1])].map((count): Ours => ({ name: `wasm ${count}T`, threads: count, open: () => createWasmBackend({ threads: count }) })), // biome-ignore format: one line
      { name: "wasm 1T, plain SIMD", threads: 1, open: () => createWasmBackend({ threads: 1, relaxed: false }) },
      { name: "cpu 1T", threads: 1, open: createCpuBackend },
    ];
    this.yardsticks = [
      ...[...new Set([1, threads])].flatMap((count): Yardstick[] => [
        { kind: "arithmetic", threads: count, limit: arithmeticLimit(count, fma), counts: true },
        { kind: "reading", threads: count, limit: readLimit(count), counts: true },
      ]),
      ...(fma ? [{ kind: "arithmetic", threads: 1, limit: arithmeticLimit(1, false), counts: false } as const] : []),
    ];
    this.machine = {
      node: process.version,
      v8: process.versions.v8,
      cpu: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
      threads,
      relaxedSimd: fma,
      peers: versions,
      missing,
      date: new Date().toISOString().slice(0, 10),
    };
  }

  /** Do the rows that are asked for, one after the other. */
  async *results({ budget, only }: WasmOptions): AsyncIterable<Result> {
    for (const row of ROWS) if (row.what.includes(only)) yield await this.measure(row, budget);
  }

  private async measure(row: Row, budget: number): Promise<Result> {
    const ours = this.ours.filter(({ name, threads }) => takesPart(row, name, threads));
    const backends = ours.map(({ open }) => open()); // anew for each row: what a row leaves behind may be gigabytes
    const peers = await this.prepared(row);
    const contestants = [...ours.map(({ name }, i): Contestant => ({ name, run: row.ours(backends[i]) })), ...peers];
    const yardsticks = this.yardsticks.filter(({ kind }) => kind === row.limit);
    const rulers = yardsticks.map(({ limit }): Contestant => ({ name: limit.what, run: () => limit.run(), yardstick: true })); // biome-ignore format: one line
    const rounds = await inTurns([...contestants, ...rulers], budget);
    for (const { pool } of backends) pool?.stop();
    for (const { release } of peers) await release();
    const taken = rounds.slice(contestants.length);
    return {
      what: row.what,
      unit: row.unit,
      limit: row.limit,
      figures: contestants.map(({ name }, i): Figure => {
        const threads = Number(/\b(\d+)T/.exec(name)?.[1]);
        const ruler = yardsticks.findIndex((yardstick) => yardstick.counts && yardstick.threads === threads);
        const rate = row.amount !== undefined && ruler >= 0 ? row.amount / yardsticks[ruler].limit.amount : undefined;
        return {
          who: name,
          median: inUnit(row, median(rounds[i])),
          best: inUnit(row, Math.min(...rounds[i])),
          shareOfLimit: rate && rate * ratio(taken[ruler], rounds[i]),
          timesOurs: ratio(rounds[i], rounds[0]),
        };
      }),
      limits: yardsticks.map(({ limit, threads }, i) => ({
        what: `${limit.what}, ${threads}T`,
        rate: limit.amount / median(taken[i]) / 1e6,
      })),
    };
  }

  /** The libraries that can do a row's work. */
  private async prepared({ work }: Row): Promise<(Contestant & { release(): unknown })[]> {
    if (!work) return [];
    const weight = "w" in work && work.op !== "matvec" ? work.w : [0];
    const inputs = { x: numbers(sizeOf(work.x)), w: numbers(sizeOf(weight)) };
    const able: (Contestant & { release(): unknown })[] = [];
    for (const { name, prepare } of this.peers) {
      try {
        const prepared = await prepare(work, inputs);
        await prepared?.run();
        if (prepared) able.push({ name, ...prepared });
      } catch (error) {
        this.failures.set(name, String((error as Error).message).split("\n")[0]);
      }
    }
    return able;
  }
}

function takesPart(row: Row, name: string, threads: number): boolean {
  if (row.on === "threads") return threads > 1;
  return row.on === undefined || name.startsWith("wasm");
}

/** A time in the row's unit. */
function inUnit({ unit, amount, times = 1 }: Row, ms: number): number {
  return unit === "ms" ? ms / times : amount! / ms / 1e6;
}

/** A result as lines of text. */
export function showResult({ what, unit, figures, limits }: Result): string {
  const lines = figures.map(({ who, median, best, shareOfLimit, timesOurs }, i) => {
    const numbers = [median, best].map((x) => x.toFixed(2).padStart(9)).join("");
    const share = shareOfLimit === undefined ? "" : `  ${(100 * shareOfLimit).toFixed(0)}% of the limit`;
    const ratio = i === 0 ? "" : `  ${figures[0].who} is ${timesOurs.toFixed(2)}x as fast`;
    return `${(i === 0 ? what : "").padEnd(42)}${who.padEnd(22)}${numbers} ${unit}${share}${ratio}`;
  });
  return [...lines, ...limits.map(({ what, rate }) => `${"".padEnd(42)}limit: ${what}: ${rate.toFixed(1)}`)].join("\n");
}
