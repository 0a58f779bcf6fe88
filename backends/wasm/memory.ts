import type { WasmMemory } from "../../core/platformTypes.ts";
import { BYTES, type TypedArray, viewBytes } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import type { DeviceBuffer, Operand } from "../../tensor/backend.ts";
import { MAX_PAGES } from "./assembler/module.ts";
import { type Block, Heap } from "./heap.ts";

const PAGE = 65536;
const LIMIT = MAX_PAGES * PAGE;
/** Grow by so much at once: growing takes longer than most kernels. */
const STEP = 16 * 2 ** 20;
/**
 * Of each memory, so much at least is left for what comes and goes, and for copies of operands that lie in another memory.
 * It is address space: nothing is paid for it until it is used.
 */
const RESERVE = 512 * 2 ** 20;
/** Kernels may load whole vectors at the end of a tensor, at most this many bytes beyond it. Also what address 0 never is. */
const MARGIN = 64;

/** One WebAssembly memory, of 4 GiB at most: what 32-bit addresses reach. Kernels run inside of one. */
export class Arena {
  readonly index: number;
  readonly memory: WasmMemory;
  readonly heap: Heap;

  constructor(index: number) {
    this.index = index;
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    this.heap = new Heap(MARGIN, (bytes) => this.growTo(bytes));
  }

  /** The memory's bytes. Asked anew each time, because growing makes a new, longer buffer over the same memory. */
  get bytes(): SharedArrayBuffer {
    return this.memory.buffer as unknown as SharedArrayBuffer;
  }

  private growTo(bytes: number): boolean {
    const missing = bytes + MARGIN - this.memory.buffer.byteLength;
    if (missing <= 0) return true;
    const pages = Math.ceil(missing / PAGE);
    const room = MAX_PAGES - this.memory.buffer.byteLength / PAGE;
    if (pages > room) return false;
    const amount = Math.min(room, Math.max(pages, STEP / PAGE));
    try {
      this.memory.grow(amount);
      return true;
    } catch {
      return false; // the system has no more
    }
  }
}

interface Lease {
  readonly arena: Arena;
  readonly block: Block;
  ended: boolean;
}

/** Memory of a tensor: a block of one arena. */
export class WasmBuffer implements DeviceBuffer {
  readonly arena: Arena;
  readonly address: number;
  readonly byteLength: number;
  /** What is to be given back. An object of its own, which may outlive the buffer. */
  readonly lease: Lease;

  constructor(arena: Arena, block: Block, byteLength: number) {
    this.arena = arena;
    this.address = block.address;
    this.byteLength = byteLength;
    this.lease = { arena, block, ended: false };
  }
}

/** As many arenas as needed, the first one first. */
export class Memory {
  readonly arenas: Arena[] = [];
  private readonly arenaBytes: number;
  private readonly onNewArena: (arena: Arena) => void;
  /** Buffers of tensors that nobody freed, and nobody can any more: outside of scopes that is allowed, if wasteful. */
  private readonly forgotten = new FinalizationRegistry<Lease>(end);

  /** @param arenaBytes what tensors may take of an arena */
  constructor(arenaBytes: number, onNewArena: (arena: Arena) => void) {
    this.arenaBytes = arenaBytes;
    this.onNewArena = onNewArena;
  }

  alloc(byteLength: number): WasmBuffer {
    for (const arena of this.arenas) {
      const block = arena.heap.take(byteLength, this.arenaBytes);
      if (block) return this.lend(arena, block, byteLength);
    }
    if (byteLength > LIMIT - RESERVE - MARGIN)
      throw new InfimmError(
        `wasm: a tensor of ${byteLength} bytes does not fit a memory of 4 GiB; split it, or use cpu`,
      );
    const arena = this.newArena();
    const block = arena.heap.take(byteLength, Math.max(this.arenaBytes, byteLength + 2 * MARGIN));
    if (!block) {
      throw new InfimmError(
        `wasm: the system refuses ${byteLength} bytes more; dispose of tensors that are done with, load weights as "q8" or "q4", or run fewer samples at once`,
      );
    }
    return this.lend(arena, block, byteLength);
  }

  /** Scratch in a certain arena, where a kernel needs it. */
  allocIn(arena: Arena, byteLength: number): WasmBuffer {
    const block = arena.heap.take(byteLength, LIMIT - MARGIN);
    if (!block) {
      throw new InfimmError(
        `wasm: a kernel needs ${byteLength} bytes beside its operands, and their memory of at most 4 GiB has no such room; run fewer samples at once, split the operands, or use cpu`,
      );
    }
    return new WasmBuffer(arena, block, byteLength);
  }

  free(buffer: WasmBuffer): void {
    end(buffer.lease);
  }

  private lend(arena: Arena, block: Block, byteLength: number): WasmBuffer {
    const buffer = new WasmBuffer(arena, block, byteLength);
    this.forgotten.register(buffer, buffer.lease);
    return buffer;
  }

  firstArena(): Arena {
    return this.arenas[0] ?? this.newArena();
  }

  newArena(): Arena {
    const arena = new Arena(this.arenas.length);
    this.arenas.push(arena);
    this.onNewArena(arena);
    return arena;
  }
}

function end(lease: Lease): void {
  if (!lease.ended) lease.arena.heap.give(lease.block);
  lease.ended = true;
}

/** The buffer behind an operand of ours. */
export function bufferOf(operand: Operand): WasmBuffer {
  return operand.buffer as WasmBuffer;
}

/** The address of an operand's first element. */
export function addressOf(operand: Operand): number {
  return bufferOf(operand).address + operand.offset * BYTES[operand.dtype];
}

/** A typed array over a whole buffer, as stored. */
export function elementsOf(buffer: WasmBuffer, dtype: Operand["dtype"]): TypedArray {
  return viewBytes(dtype, buffer.arena.bytes, buffer.address, Math.floor(buffer.byteLength / BYTES[dtype]));
}
