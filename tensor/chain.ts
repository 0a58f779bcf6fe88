import { byteLengthOf, type DType } from "../core/dtype.ts";
import { call, type Expr, exprCost, input, substitute } from "../core/expr.ts";
import { broadcastStrides, contiguousStrides, type Shape, sizeOf } from "../core/shape.ts";
import type { Backend, DeviceBuffer, Operand } from "./backend.ts";
import { type Deferred, Storage } from "./scope.ts";
import { Tensor, type TensorLike } from "./tensor.ts";

/** So many tensors, and numbers beside them, a chain of ops reads at most: no backend has to cut it in parts. */
const MOST_TENSORS = 7;
const MOST_NUMBERS = 16;
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
  /** Tensors of the result's shape, and numbers. */
  readonly inputs: readonly TensorLike[];
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
    this.sources = inputs.flatMap((arg) => (arg instanceof Tensor ? [arg.storage] : []));
  }

  run(buffer: DeviceBuffer): void {
    const { dtype, shape } = this;
    this.runInto({ buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 });
  }

  runInto(out: Operand): void {
    this.backend.map(this.expr, this.inputs, out);
  }
}

interface Joined {
  readonly expr: Expr;
  readonly inputs: readonly TensorLike[];
}

/** `expr` over arguments that broadcast to `shape`: a result that is computed when somebody needs it. */
export function chained(backend: Backend, expr: Expr, args: readonly TensorLike[], shape: Shape, dtype: DType): Tensor {
  const chains = new Map<Tensor, Chain>();
  for (const arg of args) {
    const chain = arg instanceof Tensor ? chainOf(arg, shape) : undefined;
    if (chain) chains.set(arg as Tensor, chain);
  }
  let joined = join(expr, args, shape, chains);
  while (chains.size > 0 && !fits(joined)) {
    const [longest] = [...chains].reduce((a, b) => (exprCost(b[1].expr) > exprCost(a[1].expr) ? b : a));
    chains.delete(longest);
    joined = join(expr, args, shape, chains);
  }
  for (const chain of chains.values()) chain.taken = true;
  const storage = new Storage(backend, new Chain(backend, joined, shape, dtype));
  if (backend.eager) storage.settle();
  return new Tensor(storage, dtype, shape);
}

/** The chain that `t` is all of, if an expression of `shape` may have it. */
function chainOf({ storage, shape: own, isContiguous, offset }: Tensor, shape: Shape): Chain | undefined {
  const { deferred } = storage;
  if (!(deferred instanceof Chain) || deferred.taken) return undefined;
  const whole = isContiguous && offset === 0 && own.length === deferred.shape.length;
  if (!whole || own.some((size, i) => size !== deferred.shape[i])) return undefined;
  const places = sizeOf(shape);
  return places === sizeOf(own) || places <= MOST_PLACES ? deferred : undefined;
}

function fits({ expr, inputs }: Joined): boolean {
  const tensors = inputs.filter((arg) => arg instanceof Tensor).length;
  return tensors <= MOST_TENSORS && inputs.length - tensors <= MOST_NUMBERS && exprCost(expr) <= MOST_OPERATIONS;
}

/** An expression with those of `chains` in the place of their results. */
function join(expr: Expr, args: readonly TensorLike[], shape: Shape, chains: ReadonlyMap<TensorLike, Chain>): Joined {
  if (chains.size === 0) return { expr, inputs: args.map((arg) => operandOf(arg, shape)) };
  const inputs: TensorLike[] = [];
  const place = (arg: TensorLike): number => {
    const operand = operandOf(arg, shape);
    const known = inputs.findIndex((other) => isSame(other, operand));
    return known >= 0 ? known : inputs.push(operand) - 1;
  };
  const parts = args.map((arg): Part => {
    const chain = chains.get(arg);
    return chain ? { expr: chain.expr, places: chain.inputs.map(place) } : { places: [place(arg)] };
  });
  return { expr: joinedExpr(expr, parts), inputs };
}

/** What stands in the place of an input: an expression, or nothing but that input; and where its inputs are now. */
interface Part {
  readonly expr?: Expr;
  readonly places: readonly number[];
}

/** Trees that were joined, so that there is one of each: backends keep what they compile by the tree. */
const trees = new WeakMap<Expr, Map<string, Expr>>();
const numbers = new WeakMap<Expr, number>();
let counted = 0;

function joinedExpr(expr: Expr, parts: readonly Part[]): Expr {
  let known = trees.get(expr);
  if (!known) trees.set(expr, (known = new Map()));
  const key = parts.map((part) => `${part.expr ? numberOf(part.expr) : ""}(${part.places})`).join("");
  let tree = known.get(key);
  if (!tree) {
    const replacements = parts.map(({ expr: inner, places }) =>
      inner ? call("stored", substitute(inner, places.map(input))) : input(places[0]),
    );
    known.set(key, (tree = substitute(expr, replacements)));
  }
  return tree;
}

function numberOf(expr: Expr): number {
  let number = numbers.get(expr);
  if (number === undefined) numbers.set(expr, (number = counted++));
  return number;
}

function isSame(a: TensorLike, b: TensorLike): boolean {
  if (!(a instanceof Tensor) || !(b instanceof Tensor)) return Object.is(a, b);
  if (a.storage !== b.storage || a.dtype !== b.dtype || a.offset !== b.offset) return false;
  return a.strides.every((stride, i) => stride === b.strides[i]);
}

/** `arg` seen as `shape`, without a copy. Its memory is there then; if it was freed, this throws. */
function operandOf(arg: TensorLike, shape: Shape): TensorLike {
  if (!(arg instanceof Tensor)) return arg;
  const { storage, dtype, strides, offset } = arg;
  storage.requireMemory();
  const stretched = broadcastStrides(arg.shape, strides, shape);
  return new Tensor(storage, dtype, shape, stretched, offset);
}
