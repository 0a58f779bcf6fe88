import { computeDType } from "../../../../core/dtype.ts";
import { isContiguous, sizeOf } from "../../../../core/shape.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { mergeDims } from "../../../../core/loop.ts";
import { Bindings, PER_WORD } from "../../recording/bindings.ts";
import type { Recorder } from "../../recording/recorder.ts";
import {
  addresses,
  atomicStore,
  bitsOf,
  convert,
  declarations,
  entry,
  GROUP,
  loader,
  param,
  type Scalar,
} from "../../wgsl/wgsl.ts";
import { functionsFor } from "../../wgsl/functions.ts";

/** A kernel that computes each element of its result by itself. */
export interface ElementKernel {
  /** Names what `body` prints, given the dtypes of the operands. */
  readonly name: string;
  readonly out: Operand;
  /** Of out's shape, or looked at as if they were (see `seen`). */
  readonly inputs: readonly Operand[];
  /** What the kernel steps through instead of an input: another shape and strides on the same memory. */
  readonly seen?: readonly (Operand | undefined)[];
  /** Whether the body may `return` for an element, which then stays as it is. */
  readonly partial?: boolean;
  /** u32 words for the body; `extra(k)` names the k-th. */
  readonly extras: readonly number[];
  /**
   * Statements, and the value they end in. Input k is at the address `a<k>`, and `load<k>(address)` reads it.
   */
  body(extra: (k: number) => string): { lines: readonly string[]; value: string; type: Scalar };
}

/** How results are written: by element, or by the 32-bit word where elements are smaller. */
type Store = "element" | "word" | "atomic";

export function runElements(recorder: Recorder, kernel: ElementKernel): void {
  const { name, out, inputs, seen = [], partial = false, extras } = kernel;
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const bindings = new Bindings();
  const ids = inputs.map((input) => bindings.add(input));
  const target = bindings.add(out, { writable: true });
  const views = inputs.map((input, k) => seen[k] ?? input);
  const { shape, strides } = mergeDims(out.shape, [out.strides, ...views.map((view) => view.strides)]);
  const rank = shape.length;
  const contiguous = isContiguous(shape, strides[0]);
  const store: Store = PER_WORD[out.dtype] === 1 ? "element" : contiguous && !partial ? "word" : "atomic";
  /** Of several dims, whether an operand steps through them as through one. */
  const straight = strides.map((s) => rank > 1 && isContiguous(shape, s));
  const bases = [bindings.base(target, out), ...views.map((view, k) => bindings.base(ids[k], view))];
  const per = PER_WORD[out.dtype];
  const units = store === "word" ? Math.ceil((bases[0] + size) / per) - Math.floor(bases[0] / per) : size;
  const pattern = [...bindings.pattern].map((m, i) => (i === target && store === "atomic" ? "a" : m)).join("");
  const kinds = inputs.map(({ dtype }, k) => dtype + ids[k] + (straight[k + 1] ? "|" : ""));
  const each = store !== "word" && !recorder.software && units >= MANY ? EACH : 1;
  recorder.dispatch({
    key: `${name};${each};${kinds.join(",")};${out.dtype}${target}${straight[0] ? "|" : ""};${store};${rank};${pattern}`,
    source: () => source({ ...kernel, ids, target, rank, store, straight, pattern, each }),
    blocks: bindings.blocks,
    params: [size, units, ...bases, ...shape, ...strides.flat(), ...extras],
    groups: Math.ceil(units / (GROUP * each)),
  });
}

interface Layout extends ElementKernel {
  readonly ids: readonly number[];
  readonly target: number;
  readonly rank: number;
  readonly store: Store;
  readonly straight: readonly boolean[];
  readonly pattern: string;
  readonly each: number;
}

function source({ inputs, extras, out, ids, target, rank, store, straight, pattern, each, body }: Layout): string {
  const count = inputs.length + 1;
  const [baseSlot, shapeSlot] = [2, 2 + count];
  const strideSlot = (k: number) => shapeSlot + rank * (k + 1);
  const extraSlot = strideSlot(count);
  const stepped = straight.flatMap((flat, k) => (flat || (k === 0 && store === "word") ? [] : [k]));
  const names = straight.map((_, k) => (k === 0 ? "to" : `a${k - 1}`));
  const walk =
    stepped.length > 0
      ? addresses(
          "i",
          rank,
          shapeSlot,
          stepped.map(strideSlot),
          stepped.map((k) => param(baseSlot + k)),
          stepped.map((k) => names[k]),
        )
      : "";
  const plain = names.flatMap((name, k) => (straight[k] ? [`  let ${name} = ${param(baseSlot + k)} + i;`] : []));
  const { lines, value, type } = body((k) => param(extraSlot + k));
  const bits = bitsOf(convert(value, type, computeDType(out.dtype)), out.dtype);
  const write = { element: `  b${target}[to] = ${bits};`, atomic: `  put(to, ${bits});`, word: `  return ${bits};` };
  const element = [walk, ...plain, ...lines, write[store]].filter(Boolean).join("\n");
  const main = store === "word" ? wordMain(target, PER_WORD[out.dtype]) : elementMain(each);
  const code = [
    ...inputs.map(({ dtype }, k) => loader(`load${k}`, ids[k], dtype, store === "atomic" && ids[k] === target)),
    store === "atomic" ? atomicStore("put", target, out.dtype as "bool") : "",
    `fn element(i: u32)${store === "word" ? " -> u32" : ""} {\n${element}\n}`,
    entry(GROUP, main),
  ].join("\n");
  const params = extraSlot + extras.length;
  return [declarations(params, pattern), functionsFor(code), code].join("\n");
}

/** Elements of a thread, where there are many: fewer threads to start, and more reads on their way at once. */
const EACH = 4;
const MANY = 2 ** 18;

/** A thread has every 64th of its workgroup's elements, so that its neighbours' lie beside them. */
function elementMain(each: number): string {
  return `  for (var turn = 0u; turn < ${each}u; turn++) {
    let i = (group * ${each}u + turn) * ${GROUP}u + lane;
    if (i < ${param(0)}) { element(i); }
  }`;
}

/** One thread has one word of the result; what of it is outside of the result stays as it is. */
function wordMain(target: number, per: number): string {
  const bits = 32 / per;
  return `  let unit = group * ${GROUP}u + lane;
  if (unit >= ${param(1)}) { return; }
  let word = ${param(2)} / ${per}u + unit;
  var all = b${target}[word];
  for (var part = 0u; part < ${per}u; part++) {
    let at = word * ${per}u + part;
    if (at >= ${param(2)} && at < ${param(2)} + ${param(0)}) {
      all = insertBits(all, element(at - ${param(2)}), part * ${bits}u, ${bits}u);
    }
  }
  b${target}[word] = all;`;
}
