import { InfimmError } from "../core/errors.ts";
import type { Backend, DeviceBuffer } from "./backend.ts";

/** What a storage without memory will hold: work that waits until somebody needs the memory. */
export interface Deferred {
  readonly byteLength: number;
  /** What it reads. */
  readonly sources: readonly Storage[];
  /** Do the work for `storage`, with `fill`; maybe also what waits for others, where that goes well together. */
  run(storage: Storage): void;
}

/** So many bytes of freed memory stay for work that waits to read them. Where there are more, the work is done first. */
const MOST_KEPT = 2 ** 20;

/**
 * Memory that one or more tensors look at. It belongs to the scope in which it was made: when that scope
 * ends, it is freed, unless it was part of what the scope returned, or kept.
 *
 * Work may wait, inside of scopes: its memory is made when it is asked for, or when it leaves the outermost scope. If
 * nobody asks, the work is never done. What it reads may be freed meanwhile: then it counts as freed, but small memory
 * stays until the work is done, and for large memory it is done at once.
 */
export class Storage {
  readonly backend: Backend;
  readonly byteLength: number;
  private memory: DeviceBuffer | undefined;
  private waiting: Deferred | undefined;
  /** Storages whose work waits and reads this memory. Made when there is one. */
  private readers: Set<Storage> | undefined;
  private gone = false;
  owner: Scope | undefined;
  /** When it was made: later ones have greater numbers. */
  readonly serial = ++made;
  /** The tensors that hold the memory beside its owner, and whether each still does. Made when there is one. */
  private handles: Map<object, boolean> | undefined;
  private ownerGone = false;

  constructor(backend: Backend, content: DeviceBuffer | Deferred) {
    this.backend = backend;
    this.byteLength = content.byteLength;
    this.owner = scopes.at(-1);
    this.owner?.owned.add(this);
    live.storages++;
    live.bytes += this.byteLength;
    if (!("run" in content)) {
      this.memory = content;
      return;
    }
    this.waiting = content;
    for (const source of content.sources) (source.readers ??= new Set()).add(this);
    if (!this.owner) this.settle();
  }

  /** The work that waits for somebody to ask for its memory, if it does. */
  get deferred(): Deferred | undefined {
    return this.waiting;
  }

  /** Do the work that waits, if it does. */
  settle(): void {
    this.waiting?.run(this);
  }

  /** Give storages whose work waits their memory, which `work` writes: one buffer each. */
  static fill(storages: readonly Storage[], work: (memory: readonly DeviceBuffer[]) => void): void {
    const memory = storages.map(({ backend, byteLength }) => backend.alloc(byteLength));
    work(memory);
    storages.forEach((storage, i) => {
      storage.memory = memory[i];
      storage.forget();
    });
  }

  /** The storages whose work waits to read this memory. */
  get waitingReaders(): readonly Storage[] {
    return this.readers ? [...this.readers] : [];
  }

  /** Its memory is about to change: what waits to read it is done first. */
  settleReaders(): void {
    for (const reader of this.waitingReaders) reader.settle();
  }

  private forget(): void {
    const sources = this.waiting?.sources ?? [];
    this.waiting = undefined;
    for (const source of sources) {
      source.readers?.delete(this);
      source.giveBack();
    }
  }

  /** Free the memory, if it is to be and nobody waits to read it. */
  private giveBack(): void {
    if (!this.gone || !this.memory || this.readers?.size) return;
    this.backend.free(this.memory);
    this.memory = undefined;
  }

  /** The memory, if there is any; also after it was freed, for work that waited to read it. */
  get content(): DeviceBuffer | undefined {
    return this.memory;
  }

  get buffer(): DeviceBuffer {
    return this.requireMemory();
  }

  /** The memory, with what it shall hold. @throws if it was freed */
  requireMemory(): DeviceBuffer {
    this.settle();
    if (this.gone || !this.memory) {
      throw new InfimmError(
        "this tensor was freed when the scope that made it ended; return it from the scope, or keep(tensor)",
      );
    }
    return this.memory;
  }

  get freed(): boolean {
    return this.gone;
  }

  /** Hand over to another scope; `undefined`: lives until it is freed by hand. */
  moveTo(owner: Scope | undefined): void {
    this.owner?.owned.delete(this);
    this.owner = owner;
    owner?.owned.add(this);
  }

  /** Let a tensor have the memory whatever becomes of its owner: it is freed when the owner and all such have let go. */
  hold(handle: object): void {
    this.settle();
    this.handles ??= new Map();
    this.handles.set(handle, true);
  }

  isHeldBy(handle: object): boolean {
    return this.handles?.get(handle) ?? false;
  }

  /** Whether anybody but this tensor keeps the memory: then it must not be written to. Views do not count. */
  isSharedBeside(handle: object): boolean {
    const own = this.handles?.has(handle) ?? false;
    if (own && !this.ownerGone) return true;
    return [...(this.handles ?? [])].some(([other, holds]) => holds && other !== handle);
  }

  /** A tensor that holds the memory becomes its owner. */
  own(handle: object): void {
    this.settle();
    this.moveTo(undefined);
    if (this.handles?.delete(handle)) this.ownerGone = false;
  }

  /** Let go, as one that holds the memory or as its owner; a second time has no effect. */
  free(by?: object): void {
    if (this.freed) return;
    if (by !== undefined && this.handles?.has(by)) this.handles.set(by, false);
    else {
      this.ownerGone = true;
      this.moveTo(undefined);
    }
    if (!this.ownerGone || [...(this.handles?.values() ?? [])].includes(true)) return;
    if (this.memory && this.byteLength > MOST_KEPT) this.settleReaders();
    this.gone = true;
    live.storages--;
    live.bytes -= this.byteLength;
    this.forget();
    this.giveBack();
  }
}

let made = 0;

/** The number of the newest storage. */
export function newestStorage(): number {
  return made;
}

/** What has a storage: a tensor. (An interface, so that this file need not know the class.) */
export interface HasStorage {
  readonly storage: Storage;
}

/** An open scope. Closing it frees what it owns. */
export class Scope {
  readonly owned = new Set<Storage>();

  /** End the scope. What `result` holds (tensors in arrays, plain objects and maps) passes to the scope around it. */
  close(result?: unknown): void {
    if (scopes.at(-1) !== this) {
      throw new InfimmError(
        scopes.includes(this) ? "a scope inside this one is still open; end it first" : "this scope has ended already",
      );
    }
    scopes.pop();
    const outer = scopes.at(-1);
    const leaving = retaining > 0 ? [...this.owned] : [...storagesIn(result)].filter(({ owner }) => owner === this);
    for (const storage of leaving) {
      if (!outer) storage.settle();
      storage.moveTo(outer);
    }
    const left = [...this.owned];
    for (const storage of left) if (storage.deferred) storage.free(); // so that nothing is done for what nobody wants
    for (const storage of left) storage.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const scopes: Scope[] = [];
const live = { storages: 0, bytes: 0 };
let retaining = 0;

/** How many storages are alive, and their bytes. Equal before and after any balanced piece of work. */
export function memory(): { readonly storages: number; readonly bytes: number } {
  return { ...live };
}

/**
 * Free what is made in between. `scope(() => …)` frees all but what the function returns;
 * `using s = scope()` frees at the end of the block, all but what was `keep`-ed.
 * Scopes are for synchronous code: nothing may be awaited inside.
 */
export function scope(): Scope;
export function scope<T>(fn: () => T): T;
export function scope<T>(fn?: () => T): T | Scope {
  const opened = new Scope();
  scopes.push(opened);
  if (!fn) return opened;
  let result: T | undefined;
  try {
    result = fn();
    if (result instanceof Promise) throw new InfimmError(ASYNC);
    return result;
  } finally {
    opened.close(result);
  }
}

const ASYNC =
  "scope: the function returned a promise; a scope frees at once, so await outside it: await scope(() => forward(x)).data()";

/** Let a tensor outlive every scope, and the trace that holds it: it lives until `dispose()`. Returns it. */
export function keep<T extends HasStorage>(tensor: T): T {
  tensor.storage.own(tensor);
  return tensor;
}

/** While `fn` runs, inner scopes free nothing but pass it outwards: a tape may need every intermediate. */
export function retain<T>(fn: () => T): T {
  retaining++;
  try {
    return fn();
  } finally {
    retaining--;
  }
}

/** The opposite, inside `retain`: work that no tape looks at frees its memory again. */
export function release<T>(fn: () => T): T {
  const before = retaining;
  retaining = 0;
  try {
    return fn();
  } finally {
    retaining = before;
  }
}

function* storagesIn(value: unknown): Iterable<Storage> {
  if (typeof value !== "object" || value === null) return;
  if ("storage" in value && value.storage instanceof Storage) {
    if (!value.storage.isHeldBy(value)) yield value.storage;
  } else if (Array.isArray(value) || value instanceof Map || value instanceof Set)
    for (const item of value.values()) yield* storagesIn(item);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) yield* storagesIn(item);
}
