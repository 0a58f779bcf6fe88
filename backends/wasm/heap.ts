/** A run of bytes of an arena, used or free. Blocks lie one after the other, and know their neighbours. */
export interface Block {
  readonly address: number;
  size: number;
  free: boolean;
  before: Block | undefined;
  after: Block | undefined;
}

/** Addresses and sizes are multiples of this many bytes: a cache line. */
const GRAIN = 64;

/**
 * Hands out the bytes of a memory that can grow. A freed block joins free neighbours at once, so that what a large
 * tensor leaves can become many small ones and the reverse. Free blocks wait in bins, four to each power of two.
 */
export class Heap {
  private readonly bins: Set<Block>[] = Array.from({ length: 4 * 33 }, () => new Set());
  private last: Block | undefined;
  private end: number;
  private readonly growTo: (bytes: number) => boolean;

  /**
   * @param start the first address to hand out, a multiple of 64
   * @param growTo makes the memory at least so large; false if it cannot be
   */
  constructor(start: number, growTo: (bytes: number) => boolean) {
    this.end = start;
    this.growTo = growTo;
  }

  /** A block of at least `bytes`, or undefined if there is no room. `limit`: do not grow beyond. */
  take(bytes: number, limit: number): Block | undefined {
    const size = Math.max(GRAIN, Math.ceil(bytes / GRAIN) * GRAIN);
    for (let bin = binOf(size); bin < this.bins.length; bin++) {
      for (const block of this.bins[bin]) {
        if (block.size < size) continue; // only in the first bin
        this.bins[bin].delete(block);
        return this.split(block, size);
      }
    }
    return this.extend(size, limit);
  }

  give(block: Block): void {
    const { before, after } = block;
    block.free = true;
    if (after?.free) {
      this.bins[binOf(after.size)].delete(after);
      this.swallow(block, after);
    }
    if (before?.free) {
      this.bins[binOf(before.size)].delete(before);
      this.swallow(before, block);
      this.bins[binOf(before.size)].add(before);
    } else this.bins[binOf(block.size)].add(block);
  }

  /** Use the front of a free block; the rest stays free. */
  private split(block: Block, size: number): Block {
    block.free = false;
    if (block.size > size) {
      const rest = {
        address: block.address + size,
        size: block.size - size,
        free: true,
        before: block,
        after: block.after,
      };
      if (block.after) block.after.before = rest;
      else this.last = rest;
      block.after = rest;
      block.size = size;
      this.bins[binOf(rest.size)].add(rest);
    }
    return block;
  }

  /** A new block at the end, where memory has to grow. */
  private extend(size: number, limit: number): Block | undefined {
    const tail = this.last?.free ? this.last : undefined;
    const address = tail ? tail.address : this.end;
    if (address + size > limit || !this.growTo(address + size)) return undefined;
    this.end = address + size;
    if (tail) {
      this.bins[binOf(tail.size)].delete(tail);
      Object.assign(tail, { size, free: false });
      return tail;
    }
    const block: Block = { address, size, free: false, before: this.last, after: undefined };
    if (this.last) this.last.after = block;
    this.last = block;
    return block;
  }

  /** `second` becomes part of `first`, which lies before it. */
  private swallow(first: Block, second: Block): void {
    first.size += second.size;
    first.after = second.after;
    if (second.after) second.after.before = first;
    else this.last = first;
  }
}

/** Four bins to each power of two. */
function binOf(size: number): number {
  const power = Math.floor(Math.log2(size));
  return 4 * power + Math.floor((size / 2 ** power - 1) * 4);
}
