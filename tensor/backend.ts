import type { TypedArray } from "../core/dtype.ts";
import { InfimmError } from "../core/errors.ts";
import type { Expr } from "../core/expr.ts";
import type { Layer, LinearResult } from "../core/linears.ts";
import type { DeviceBuffer, Operand } from "../core/operand.ts";

export type { DeviceBuffer, Layer, LinearResult, Operand };

/** What a backend's reduce makes of the elements along a dim. */
export type ReduceKind = "sum" | "max" | "min" | "argmax" | "argmin";

/** Which channels turn together: `half`: m and m + d/2 (LLaMA, Mistral); `adjacent`: 2m and 2m + 1 (EVA-02). */
export type Pairs = "half" | "adjacent";

/** What `rope` takes for one tensor: all of one shape. */
export interface Turn {
  readonly x: Operand;
  readonly cos: Operand;
  readonly sin: Operand;
  readonly out: Operand;
}

/**
 * What a backend is: five functions for memory and seven kernels. Everything else is made from these.
 *
 * Kernels return nothing and may be deferred; only `read` waits. Outputs are allocated by the caller and hold
 * garbage until written; kernels write every element. Shapes have been checked before a kernel is called.
 */
export interface Backend {
  readonly name: string;

  alloc(byteLength: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  write(buffer: DeviceBuffer, data: TypedArray): void;
  read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<ArrayBuffer>;
  /** Wait until everything recorded so far has run. */
  flush(): Promise<void>;
  /** Like `read`, at once. Only backends that can have it. */
  readSync?(buffer: DeviceBuffer, byteOffset: number, byteLength: number): ArrayBuffer;
  /** The buffer's bytes themselves, where they are in memory of the host: valid until the buffer is freed. */
  hostView?(buffer: DeviceBuffer): Uint8Array;
  /** A buffer on memory that the host owns, without a copy. `free` forgets it and never reuses it. */
  adopt?(memory: ArrayBufferLike): DeviceBuffer;

  /** out[i] = expr(inputs[i]…). Operands have out's shape already (broadcast by stride 0); numbers are the same for all i. */
  map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void;
  /** Fold `axes` (ascending) of `input`; `out` has size 1 there. argmax/argmin: one axis, i32, first winner. NaN wins. */
  reduce(kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void;
  /** [batch…, m, k] x [batch…, k, n] -> [batch…, m, n], batch dims equal (broadcast by stride 0). */
  matmul(a: Operand, b: Operand, out: Operand): void;
  /** out[i] = input[i], converting the dtype. */
  copy(input: Operand, out: Operand): void;
  /** out[.., i, ..] = input[.., index[.., i, ..], ..] along `axis`; index (i32) has out's shape. */
  gather(input: Operand, axis: number, index: Operand, out: Operand): void;
  /** out[.., index[.., i, ..], ..] += source[.., i, ..] along `axis`; index (i32) has source's shape. */
  scatterAdd(out: Operand, axis: number, index: Operand, source: Operand): void;
  /** Inclusive running sum along the last axis. */
  scan(input: Operand, out: Operand): void;

  /**
   * Run each elementwise op when it is called, a kernel each. Default: an op may wait, inside of scopes, until somebody
   * needs its result, and a chain of them is one expression for `map` (tensor/chain.ts).
   */
  readonly eager?: boolean;
  /** The most rows of x that `fused.linears` takes. Such products may wait as elementwise ops do. */
  readonly fewRows?: number;
  /** Optional faster forms. Without one, the op runs as its composite definition, which is its reference. */
  readonly fused: Partial<FusedKernels>;
  /** Whether the device behind it is gone, and all memory with it. `openBackend` makes a new one then. */
  readonly lost?: boolean;
  /** Only on backends of a GPU: whether it is one in software, which computes on the CPU. */
  readonly software?: boolean;
  /**
   * Only on backends that compile kernels: compile all that `work` needs, at once and in the background, without doing
   * it. Nothing is allocated, what is written is ignored, and what `work` makes is a shape without memory: it must not
   * read, nor keep any of it.
   */
  precompile?(work: () => void): Promise<void>;
  /** Only on backends that count instead of compute (meta): what has run so far. Bytes are those of all results made. */
  readonly spent?: { readonly flops: number; readonly bytes: number };
}

/** Where the gradients of a norm's inputs go. */
export interface NormGradients {
  readonly x: Operand | null;
  readonly weight: Operand | null;
  readonly bias: Operand | null;
}

/** Kernels that a backend may have. All are over the last axis, outputs contiguous. */
export interface FusedKernels {
  softmax(x: Operand, out: Operand): void;
  /** y · (grad - Σ grad · y): the gradient of softmax's input from that of its output y. All contiguous. */
  softmaxBackward(y: Operand, grad: Operand, out: Operand): void;
  /** (x - mean) / sqrt(biased variance + eps) * weight + bias. */
  layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number, out: Operand): void;
  /** x / sqrt(mean(x²) + eps) * weight. */
  rmsNorm(x: Operand, weight: Operand, eps: number, out: Operand): void;
  /**
   * The gradients of layerNorm's inputs, of which some are not wanted (null), from that of its output.
   * x and grad: [..., n], contiguous, as gradX; the others [n].
   */
  layerNormBackward(x: Operand, weight: Operand, grad: Operand, eps: number, out: NormGradients): void;
  /** As layerNormBackward, of rmsNorm. */
  rmsNormBackward(x: Operand, weight: Operand, grad: Operand, eps: number, out: Omit<NormGradients, "bias">): void;
  /** Each pair (a, b) of x's channels as (a·cos - b·sin, b·cos + a·sin); cos and sin have x's shape, by stride 0. */
  rope(x: Operand, cos: Operand, sin: Operand, pairs: Pairs, out: Operand): void;
  /** `rope` of several tensors in one launch, such as queries and keys. `out` may be part of something larger. */
  ropes(turns: readonly Turn[], pairs: Pairs): void;
  /** x [rows, k] · weightᵀ [n, k] + bias [n]. The weight is constant: a backend may keep it packed. */
  linear(x: Operand, weight: Operand, bias: Operand | null, out: Operand): void;
  /**
   * Products of the same few rows, x f32 [rows, k], in one launch: of each result's layers, whose weights [n, k] have one
   * dtype, any that `linear` or `quantizedLinear` takes, rows contiguous.
   */
  linears(x: Operand, results: readonly LinearResult[]): void;
  /**
   * softmax(scale · q kᵀ + mask) v for each head, without the whole matrix of scores in memory.
   * q [b, h, i, d], k [b, hk, j, d], v [b, hk, j, e], h a multiple of hk: query head n looks at key head
   * floor(n / (h / hk)). The mask, f32, has the scores' shape [b, h, i, j] by stride 0. A row of -infinity gives 0.
   */
  attention(q: Operand, k: Operand, v: Operand, mask: Operand | null, scale: number, out: Operand): void;
  /**
   * Rows of a quantised table [n, k] as f32, [rows, k]: those that `rows` (i32) names, or all in order. A backend without
   * it never sees q8 and q4: such tensors are f32 there.
   */
  dequantize(table: Operand, rows: Operand | null, out: Operand): void;
  /** `linear` with a q8 or q4 weight, which is read as it is stored. */
  quantizedLinear(x: Operand, weight: Operand, bias: Operand | null, out: Operand): void;
  /** Descending, equal values in order of index: the first `k` = out size along the last axis. */
  topk(x: Operand, values: Operand, indices: Operand): void;
  /**
   * For each item, in place: its first tensors, as many as there are `exprs`, become the values of these. All f32 and
   * contiguous, of one size within an item; beside them numbers, and tensors of one element, which count everywhere.
   * Items are alike in all but their sizes, and none has memory of another's results.
   */
  updateEach(exprs: readonly Expr[], items: readonly (readonly (Operand | number)[])[]): void;
  /** out[i] = the sum of the squares of all elements of `inputs[i]`, which are f32 and contiguous. */
  squaredNorms(inputs: readonly Operand[], out: Operand): void;
}

const registered = new Map<string, Backend>();
let current: Backend | undefined;

/** Make a backend known by its name. The first one becomes the default. */
export function registerBackend(backend: Backend): void {
  registered.set(backend.name, backend);
  current ??= backend;
}

/** The backend called `name`, or the default one. */
export function getBackend(name?: string): Backend {
  const found = name === undefined ? current : registered.get(name);
  if (found) return found;
  const known = [...registered.keys()].join(", ") || "none";
  throw new InfimmError(
    `no backend "${name ?? "(default)"}" is registered; known: ${known}. Import "backends/register.ts" first`,
  );
}

const openers = new Map<string, () => Promise<Backend>>();
const opening = new Map<string, Promise<Backend>>();

/** Make a backend known that has to be waited for, such as one on a GPU. It is made when it is first opened. */
export function registerOpener(name: string, open: () => Promise<Backend>): void {
  openers.set(name, open);
}

/** The backend called `name`, made and registered if need be: anew if its device was lost. */
export async function openBackend(name?: string): Promise<Backend> {
  const open = name === undefined ? undefined : openers.get(name);
  if (name === undefined || !open || registered.get(name)?.lost === false) return getBackend(name);
  let made = opening.get(name);
  if (!made) opening.set(name, (made = open().finally(() => opening.delete(name))));
  registerBackend(await made);
  return getBackend(name);
}

/** The names of the backends that compute, the first registered one first, those that have to be opened last. */
export function backendNames(): string[] {
  const computing = [...registered.values()].filter((backend) => !backend.spent).map(({ name }) => name);
  return [...new Set([...computing, ...openers.keys()])];
}

/** Tensors made inside `fn` (synchronous) live on `name` unless told otherwise. */
export function withBackend<T>(name: string, fn: () => T): T {
  const before = current;
  current = getBackend(name);
  try {
    return fn();
  } finally {
    current = before;
  }
}
