import { Block } from "../memory.ts";

/**
 * Freed blocks, by size, for the next tensor of about that size: a forward pass frees and asks for the same sizes
 * over and over, and fresh memory must be zeroed by the system first. Above `limit` bytes, the sizes that have not
 * been asked for longest go back to the garbage collector.
 */
export class Pool {
  private readonly bySize = new Map<number, Block[]>(); // least recently used size first
  private bytes = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(byteLength: number): Block {
    const capacity = capacityFor(byteLength);
    const list = this.bySize.get(capacity);
    const block = list?.pop();
    if (!list || !block) return new Block(new ArrayBuffer(capacity));
    this.touch(capacity, list);
    this.bytes -= capacity;
    return block;
  }

  give(block: Block): void {
    const capacity = block.bytes.byteLength;
    if (capacity > this.limit) return;
    const list = this.bySize.get(capacity) ?? [];
    list.push(block);
    this.touch(capacity, list);
    this.bytes += capacity;
    for (const [size, blocks] of this.bySize) {
      if (this.bytes <= this.limit) return;
      while (this.bytes > this.limit && blocks.pop()) this.bytes -= size;
      if (blocks.length === 0) this.bySize.delete(size);
    }
  }

  /** Move to the end of the map: the most recently used. */
  private touch(capacity: number, list: Block[]): void {
    this.bySize.delete(capacity);
    this.bySize.set(capacity, list);
  }
}

/** `byteLength` rounded up by at most an eighth, so that sizes that grow by a token at a time still meet again. */
function capacityFor(byteLength: number): number {
  if (byteLength <= 64) return 64;
  const step = 2 ** (Math.floor(Math.log2(byteLength)) - 3);
  return Math.ceil(byteLength / step) * step;
}
