import { BYTES, computeDType } from "../../../../core/dtype.ts";
import { call, type Expr, exprKey, input, substitute } from "../../../../core/expr.ts";
import { contiguousStrides, sizeOf } from "../../../../core/shape.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { WebgpuError } from "../../errors.ts";
import { runElements } from "./elements.ts";
import { printExpression } from "../../wgsl/expression.ts";
import type { GpuBuffer } from "../../memory/blockPool.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { splitLoop } from "../../memory/split.ts";
import { floatBits, type Scalar } from "../../wgsl/wgsl.ts";

type Argument = Operand | number;

/** An expression over operands of one shape, however long it is: one kernel, which serves all sizes. */
export function map(recorder: Recorder, expr: Expr, inputs: readonly Argument[], out: Operand): void {
  const { used, body, key } = compact(expr);
  const args = used.map((index) => inputs[index]);
  const tensors = args.filter((x) => typeof x !== "number");
  if (tensors.length >= recorder.device.limits.maxStorageBuffersPerShaderStage) {
    mapInParts(recorder, body, args, out);
    return;
  }
  splitLoop([out, ...tensors], ([to, ...pieces]) => {
    let next = 0;
    mapPiece(
      recorder,
      body,
      key,
      args.map((x) => (typeof x === "number" ? x : pieces[next++])),
      to,
    );
  });
}

/** out[i] = input[i] as another dtype, from and to any strides. */
export function copy(recorder: Recorder, from: Operand, out: Operand): void {
  map(recorder, IDENTITY, [from], out);
}

const IDENTITY = input(0);
export const ADD = call("add", input(0), input(1));

/** An expression with its inputs numbered as they turn up, so that unused ones cost nothing, and its key. */
interface Compact {
  readonly used: readonly number[];
  readonly body: Expr;
  readonly key: string;
}

const compacted = new WeakMap<Expr, Compact>();

function compact(expr: Expr): Compact {
  let found = compacted.get(expr);
  if (!found) {
    const used: number[] = [];
    const look = (e: Expr): void => {
      if (e.kind === "input" && !used.includes(e.index)) used.push(e.index);
      if (e.kind === "call") e.args.forEach(look);
    };
    look(expr);
    const places = Array.from({ length: Math.max(0, ...used) + 1 }, (_, index) => input(used.indexOf(index)));
    const body = substitute(expr, places);
    compacted.set(expr, (found = { used, body, key: exprKey(body) }));
  }
  return found;
}

/** More tensors than a kernel can have buffers: the parts of the expression first, each into memory of its own. */
function mapInParts(recorder: Recorder, expr: Expr, inputs: readonly Argument[], out: Operand): void {
  if (expr.kind !== "call") throw new WebgpuError("map: this device binds too few buffers for a copy");
  const temporary: Operand[] = [];
  const args = expr.args.map((arg): Argument => {
    if (arg.kind === "number") return arg.value;
    if (arg.kind === "input") return inputs[arg.index];
    const dtype = printExpression(arg, typesOf(inputs, out)).type;
    const buffer = recorder.alloc(Math.ceil(sizeOf(out.shape) * BYTES[dtype]));
    const part = { buffer, dtype, shape: out.shape, strides: contiguousStrides(out.shape), offset: 0 };
    temporary.push(part);
    map(recorder, arg, inputs, part);
    return part;
  });
  map(recorder, call(expr.op, ...args.map((_, i) => input(i))), args, out);
  for (const { buffer } of temporary) recorder.free(buffer as GpuBuffer);
}

/** What each input is in the kernel. A whole number is an i32 only where it meets one: else 2 and 0.5 would be two kernels. */
export function typesOf(inputs: readonly Argument[], out: Operand): Scalar[] {
  const whole =
    out.dtype === "i32" || inputs.some((x) => typeof x !== "number" && (x.dtype === "i32" || x.dtype === "bool"));
  return inputs.map((x) => {
    if (typeof x !== "number") return computeDType(x.dtype);
    return whole && x === (x | 0) ? "i32" : "f32";
  });
}

function mapPiece(recorder: Recorder, expr: Expr, key: string, inputs: readonly Argument[], out: Operand): void {
  const types = typesOf(inputs, out);
  runElements(recorder, {
    name: `map ${key} ${inputs.map((x, k) => (typeof x === "number" ? types[k] : "t"))}`,
    out,
    inputs: inputs.filter((x) => typeof x !== "number"),
    extras: inputs.flatMap((x, k) => (typeof x !== "number" ? [] : [types[k] === "i32" ? x >>> 0 : floatBits(x)])),
    body(extra) {
      let [tensor, scalar] = [0, 0];
      const loads = inputs.map((x, k) =>
        typeof x === "number"
          ? `  let x${k} = bitcast<${types[k]}>(${extra(scalar++)});`
          : `  let x${k} = load${tensor}(a${tensor++});`,
      );
      const { lines, value, type } = printExpression(expr, types);
      return { lines: [...loads, ...lines], value, type };
    },
  });
}
