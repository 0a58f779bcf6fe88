import { byteLengthOf, type DType } from "../core/dtype.ts";
import { type Expr, exprCost } from "../core/expr.ts";
import { broadcastStrides, contiguousStrides, reshapeStrides, type Shape, sizeOf } from "../core/shape.ts";
import type { Backend, DeviceBuffer, Operand } from "./backend.ts";
import { joinedExpr, type Part } from "./joinedExpr.ts";
import { Product, rowsOf } from "./product.ts";
import { type Deferred, Storage } from "./scope.ts";
import { Tensor, type TensorLike } from "./tensor.ts";

/** So many tensors, and numbers beside them, a chain of ops reads at most: no backend has to cut it in parts. */
const MOST_TENSORS = 7;
const MOST_NUMBERS = 16;
/** So many of them may be products that wait. */
const MOST_PRODUCTS = 2;
/** So many operations, written out: kernels compute equal ones once, but have to find them first. */
const MOST_OPERATIONS = 64;
/** What is stretched is computed again for every place, which may be so many. */
const MOST_PLACES = 2 ** 15;

/**
 * An elementwise result that nobody has asked for yet: the expression of all ops since something was read from memory.
 * The next elementwise op takes it into its own expression, but only one may: a second one, or whoever needs the memory,
 * has it computed, in one kernel. The values are those that the ops give one by one, bit for bit (`stored`).
 */
export class Chain implements Deferred {
  readonly byteLength: number;
  readonly sources: readonly Storage[];
  readonly expr: Expr;
  readonly inputs: readonly Input[];
  readonly shape: Shape;
  /** Whether an op has it in its own expression. */
  taken = false;
  private readonly backend: Backend;
  private readonly dtype: DType;

  constructor(backend: Backend, { expr, inputs }: Joined, shape: Shape, dtype: DType) {
    this.backend = backend;
    this.expr = expr;
    this.inputs = inputs;
    this.shape = shape;
    this.dtype = dtype;
    this.byteLength = byteLengthOf(dtype, sizeOf(shape));
    this.sources = inputs.flatMap((arg) =>
      typeof arg === "number" ? [] : [arg.storage, ...(arg.product?.sources ?? [])],
    );
  }

  /** The products that waited when the chain was made. */
  get products(): readonly Product[] {
    return this.inputs.flatMap((arg) => (typeof arg !== "number" && arg.product ? [arg.product] : []));
  }

  run(storage: Storage): void {
    Storage.fill([storage], ([buffer]) => {
      const waiting = this.inputs.filter(isWaiting);
      if (waiting.length === 0 || !this.runProducts(waiting, buffer)) this.runMap(waiting, buffer);
    });
  }

  /** Products and expression in one launch, if what else is read lies in rows like theirs. */
  private runProducts(waiting: readonly Waiting[], buffer: DeviceBuffer): boolean {
    const others = this.inputs.filter((arg) => !isWaiting(arg));
    const rows = others.map((arg) => (typeof arg === "number" ? arg : inRows(operandOf(arg))));
    if (!rows.every((arg) => arg !== undefined)) return false;
    const products = waiting.map(({ product }) => product);
    const places = this.inputs.map((arg) => (isWaiting(arg) ? waiting.indexOf(arg) : waiting.length + others.indexOf(arg))); // biome-ignore format: one line
    const expr = joinedExpr(this.expr, places.map((place) => ({ places: [place] }))); // biome-ignore format: one line
    this.backend.fused.linears!(products[0].x, [products[0].result(products, expr, rows, buffer)]);
    return true;
  }

  private runMap(waiting: readonly Waiting[], buffer: DeviceBuffer): void {
    const { dtype, shape, backend } = this;
    const made = new Map<Input, DeviceBuffer>(waiting.map((arg) => [arg, backend.alloc(arg.product.byteLength)]));
    for (const arg of waiting) arg.product.compute(made.get(arg)!);
    const inputs = this.inputs.map((arg) => (typeof arg === "number" ? arg : operandOf(arg, made.get(arg))));
    backend.map(this.expr, inputs, { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 });
    for (const memory of made.values()) backend.free(memory);
  }
}

/** A tensor that a chain reads, seen as the chain's shape. */
interface Source {
  readonly storage: Storage;
  readonly view: Omit<Operand, "buffer">;
  /** What the storage waited for when the chain was made: a product of the chain's shape. */
  readonly product?: Product;
}

type Input = Source | number;
type Waiting = Source & { readonly product: Product };

/** Whether it is a product that nobody has had computed yet. */
function isWaiting(arg: Input): arg is Waiting {
  return typeof arg !== "number" && arg.product !== undefined && !arg.storage.content;
}

function operandOf({ storage, view }: Source, buffer = storage.content!): Operand {
  return { ...view, buffer };
}

/** [..., n] as [rows, n], where that needs no copy. */
function inRows(operand: Operand): Operand | undefined {
  const shape = rowsOf(operand.shape);
  const strides = reshapeStrides(operand.shape, operand.strides, shape);
  return strides ? { ...operand, shape, strides } : undefined;
}

/** `expr` over arguments that broadcast to `shape`: a result that is computed when somebody needs it. */
export function chained(backend: Backend, expr: Expr, args: readonly TensorLike[], shape: Shape, dtype: DType): Tensor {
  const joining = new Joining(expr, args, shape, dtype);
  const chain = new Chain(backend, joining.joined(), shape, dtype);
  for (const product of chain.products) product.taken = true;
  const storage = new Storage(backend, chain);
  if (backend.eager) storage.settle();
  return new Tensor(storage, dtype, shape);
}

interface Joined {
  readonly expr: Expr;
  readonly inputs: readonly Input[];
}

/** An op that is about to take in what its arguments wait for. */
class Joining {
  private readonly expr: Expr;
  private readonly args: readonly TensorLike[];
  private readonly shape: Shape;
  private readonly chains = new Map<TensorLike, Chain>();
  private takesProducts: boolean;

  constructor(expr: Expr, args: readonly TensorLike[], shape: Shape, dtype: DType) {
    this.expr = expr;
    this.args = args;
    this.shape = shape;
    this.takesProducts = dtype === "f32";
    for (const arg of args) {
      const chain = typeof arg === "number" ? undefined : this.chainOf(arg);
      if (chain) this.chains.set(arg, chain);
    }
  }

  /** The expression with as many chains as fit in the place of their results. */
  joined(): Joined {
    let joined = this.join();
    while (!fits(joined) && (this.chains.size > 0 || this.takesProducts)) {
      const [longest] = [...this.chains].sort(([, a], [, b]) => exprCost(b.expr) - exprCost(a.expr));
      if (longest) this.chains.delete(longest[0]);
      else this.takesProducts = false;
      joined = this.join();
    }
    for (const chain of this.chains.values()) chain.taken = true;
    return joined;
  }

  private join(): Joined {
    const { expr, args, chains } = this;
    const inputs: Input[] = [];
    if (chains.size === 0) return { expr, inputs: args.map((arg) => this.inputOf(arg)) };
    const place = (arg: Input): number => {
      const known = inputs.findIndex((other) => isSame(other, arg));
      return known >= 0 ? known : inputs.push(arg) - 1;
    };
    const parts = args.map((arg): Part => {
      const chain = chains.get(arg);
      if (!chain) return { places: [place(this.inputOf(arg))] };
      return { expr: chain.expr, places: chain.inputs.map((input) => place(this.stretched(input))) };
    });
    return { expr: joinedExpr(expr, parts), inputs };
  }

  /** The chain that `t` is all of, if this op may have it. */
  private chainOf(t: Tensor): Chain | undefined {
    const { deferred } = t.storage;
    if (!(deferred instanceof Chain) || deferred.taken || !isAllOf(t, deferred.shape)) return undefined;
    const places = sizeOf(this.shape);
    if (deferred.products.length > 0 && !(this.takesProducts && isSameShape(t.shape, this.shape))) return undefined;
    return places === t.size || places <= MOST_PLACES ? deferred : undefined;
  }

  /** An argument seen as the result's shape. It has memory then, or is a product that waits; if it was freed, this throws. */
  private inputOf(arg: TensorLike): Input {
    if (typeof arg === "number") return arg;
    const { storage, dtype, shape, strides, offset } = arg;
    const { deferred } = storage;
    const waits =
      deferred instanceof Product && this.takesProducts && !deferred.taken && isAllOf(arg, deferred.shape) && isSameShape(shape, this.shape); // biome-ignore format: one line
    if (!waits) storage.requireMemory();
    const source: Source = { storage, view: { dtype, shape, strides, offset } };
    return this.stretched(waits ? { ...source, product: deferred } : source);
  }

  private stretched(input: Input): Input {
    if (typeof input === "number" || isSameShape(input.view.shape, this.shape)) return input;
    const strides = broadcastStrides(input.view.shape, input.view.strides, this.shape);
    return { ...input, view: { ...input.view, shape: this.shape, strides } };
  }
}

function fits({ expr, inputs }: Joined): boolean {
  const tensors = inputs.filter((arg) => typeof arg !== "number");
  const products = tensors.flatMap(({ product }) => product ?? []);
  return (
    tensors.length <= MOST_TENSORS &&
    inputs.length - tensors.length <= MOST_NUMBERS &&
    products.length <= MOST_PRODUCTS &&
    products.every((product) => product.isLike(products[0])) &&
    exprCost(expr) <= MOST_OPERATIONS
  );
}

function isAllOf({ shape, isContiguous, offset }: Tensor, whole: Shape): boolean {
  return isContiguous && offset === 0 && isSameShape(shape, whole);
}

function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

function isSame(a: Input, b: Input): boolean {
  if (typeof a === "number" || typeof b === "number") return Object.is(a, b);
  if (a.storage !== b.storage || a.view.dtype !== b.view.dtype || a.view.offset !== b.view.offset) return false;
  return a.view.strides.every((stride, i) => stride === b.view.strides[i]);
}
