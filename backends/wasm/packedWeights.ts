import type { Arena, Memory, WasmBuffer } from "./memory.ts";

/** Panels of a weight, kept from one product to the next. */
interface Kept {
  readonly buffer: WasmBuffer;
  readonly of: WasmBuffer;
  readonly layout: string;
  /** Whether the panels have been written yet. */
  filled: boolean;
}

/**
 * Panels of f32 weights, kept so that a constant weight is packed once and not in every call.
 *
 * They are a second copy, so there is a limit in bytes, beyond which those that were used longest ago go. Weights of
 * 16 bits and fewer are not kept: f32 panels would treble their memory, and widening them in each call costs a few
 * percent of a product with many rows. A weight is kept when it is used for the second time: one that changes
 * with every step of training never is. Writing to or freeing a weight's buffer drops its panels.
 */
export class PackedWeights {
  private readonly memory: Memory;
  private readonly limit: number;
  private readonly kept = new Map<WasmBuffer, Kept>(); // least recently used first
  private readonly seen = new WeakSet<WasmBuffer>();
  private bytes = 0;

  constructor(memory: Memory, limit: number) {
    this.memory = memory;
    this.limit = limit;
  }

  /** The place of a weight's panels, if they are to be kept; undefined if not. */
  find(weight: WasmBuffer, layout: string, arena: Arena, bytes: number): Kept | undefined {
    if (!layout.startsWith("f32") || weight.arena !== arena || bytes > this.limit) return undefined;
    const found = this.kept.get(weight);
    if (found?.layout === layout) {
      this.kept.delete(weight);
      this.kept.set(weight, found); // the most recently used
      return found;
    }
    if (!this.seen.has(weight)) {
      this.seen.add(weight);
      return undefined;
    }
    this.drop(weight);
    for (const old of this.kept.keys()) if (this.bytes + bytes > this.limit) this.drop(old);
    const kept: Kept = { buffer: this.memory.allocIn(arena, bytes), of: weight, layout, filled: false };
    this.kept.set(weight, kept);
    this.bytes += bytes;
    return kept;
  }

  /** The weight has new contents, or is gone. */
  drop(weight: WasmBuffer): void {
    this.seen.delete(weight);
    const kept = this.kept.get(weight);
    if (!kept) return;
    this.kept.delete(weight);
    this.bytes -= kept.buffer.byteLength;
    this.memory.free(kept.buffer);
  }
}
