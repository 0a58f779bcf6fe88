import type { GPUBuffer, GPUDevice } from "../../../core/platformTypes.ts";
import type { DeviceBuffer } from "../../../tensor/backend.ts";
import { megabytes, OutOfMemoryError } from "../errors.ts";

/** WebGPU's flags, which the specification fixes: lib.dom has the types without the numbers. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;

/** A piece of GPU memory. */
export interface Block {
  /** No two blocks of a pool have the same. */
  readonly id: number;
  /** None for memory that is only imagined (see `BlockPool.imagine`). */
  readonly gpu?: GPUBuffer;
  readonly capacity: number;
  /** The number of the recording that used it last. */
  recorded: number;
}

/**
 * Memory of a tensor: the first `byteLength` bytes of a block. What is larger than a kernel can bind lies in several
 * blocks, all but the last of `blockBytes`, and kernels run on one block of each operand at a time (split.ts).
 */
export class GpuBuffer implements DeviceBuffer {
  readonly blocks: readonly Block[];
  readonly blockBytes: number;
  readonly byteLength: number;
  freed = false;

  constructor(blocks: readonly Block[], blockBytes: number, byteLength: number) {
    this.blocks = blocks;
    this.blockBytes = blockBytes;
    this.byteLength = byteLength;
  }
}

/** Blocks are whole multiples of this, so that no element, and no run of elements that is read at once, lies in two. */
const BLOCK_STEP = 256;

/** The most bytes that a device both holds in one buffer and binds to a kernel: 128 MiB by default. */
export function largestBlock(limits: {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
}): number {
  const bytes = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  return bytes - (bytes % BLOCK_STEP);
}

/** Elements are counted in i32 (argmax, gather), and none has more than four bytes. */
const LARGEST_TENSOR = 2 ** 33;

/** How much of the GPU's memory freed blocks may hold for reuse. */
const POOL_BYTES = 512 * 2 ** 20;

/**
 * Whole GPU buffers, kept by size when freed. A block may be reused at once, although what was recorded has not run:
 * the GPU works in the order of recording. It may be destroyed only when that has been submitted, so `trim` does it.
 */
export class BlockPool {
  /** Bytes in use by tensors, and bytes that wait for reuse. */
  live = 0;
  spare = 0;
  readonly blockBytes: number;
  private made = 0;
  private readonly device: GPUDevice;
  private readonly onFailure: (error: Error) => void;
  private readonly bySize = new Map<number, Block[]>();

  constructor(device: GPUDevice, blockBytes: number, onFailure: (error: Error) => void) {
    this.device = device;
    this.blockBytes = blockBytes;
    this.onFailure = onFailure;
  }

  /**
   * Blocks that hold this many bytes together.
   * @throws OutOfMemoryError if no tensor may be that large; if only the GPU is full, a later read throws it
   */
  take(byteLength: number): Block[] {
    return this.sizesOf(byteLength).map((size) => this.takeBlock(size));
  }

  /** Blocks as `take` would give, without memory: enough for kernels that are compiled and not run. */
  imagine(byteLength: number): Block[] {
    return this.sizesOf(byteLength).map((capacity) => ({ id: -1, capacity, recorded: -1 }));
  }

  private sizesOf(byteLength: number): number[] {
    if (byteLength > LARGEST_TENSOR) {
      throw new OutOfMemoryError(
        `a tensor of ${megabytes(byteLength)} was asked for; a tensor has ${megabytes(LARGEST_TENSOR)} at most`,
      );
    }
    const full = Math.max(0, Math.ceil(byteLength / this.blockBytes) - 1);
    return [...new Array<number>(full).fill(this.blockBytes), byteLength - full * this.blockBytes];
  }

  private takeBlock(byteLength: number): Block {
    const capacity = Math.min(capacityFor(byteLength), this.blockBytes);
    const block = this.bySize.get(capacity)?.pop();
    this.live += capacity;
    if (block) this.spare -= capacity;
    return block ?? { id: this.made++, gpu: this.create(capacity), capacity, recorded: -1 };
  }

  give(block: Block): void {
    this.live -= block.capacity;
    this.spare += block.capacity;
    const list = this.bySize.get(block.capacity);
    if (list) list.push(block);
    else this.bySize.set(block.capacity, [block]);
  }

  /**
   * Give memory back to the GPU, largest pieces first, until the spare blocks hold `limit` bytes.
   * @returns whether there was something to give back
   */
  trim(limit = POOL_BYTES): boolean {
    if (this.spare <= limit) return false;
    for (const size of [...this.bySize.keys()].sort((a, b) => b - a)) {
      const blocks = this.bySize.get(size)!;
      while (this.spare > limit && blocks.length > 0) {
        blocks.pop()!.gpu!.destroy();
        this.spare -= size;
      }
      if (blocks.length === 0) this.bySize.delete(size);
    }
    return true;
  }

  private create(size: number): GPUBuffer {
    this.device.pushErrorScope("out-of-memory");
    const gpu = this.device.createBuffer({ size, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST });
    const inUse = this.live - size;
    this.device.popErrorScope().then(
      (error) => {
        if (!error) return;
        const have = `${megabytes(inUse)} are in use, ${megabytes(this.blockBytes)} is the limit of one buffer`;
        this.onFailure(new OutOfMemoryError(`the GPU has no ${megabytes(size)} left for a tensor: ${have}`));
      },
      () => {}, // the device is lost, which is told elsewhere
    );
    return gpu;
  }
}

/** `byteLength` rounded up by at most an eighth, so that sizes that grow by a token at a time still meet again. */
function capacityFor(byteLength: number): number {
  if (byteLength <= 64) return 64;
  const step = Math.max(16, 2 ** (Math.floor(Math.log2(byteLength)) - 3));
  return align(byteLength, step);
}

export function align(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
