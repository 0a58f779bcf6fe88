import { computeDType } from "../../core/dtype.ts";
import { type Expr, exprKey, input } from "../../core/expr.ts";
import type { Operand } from "../../tensor/backend.ts";
import { runElements } from "./elements.ts";
import { printExpression } from "./expression.ts";
import type { Recorder } from "./recorder.ts";
import { splitLoop } from "./split.ts";
import { floatBits, type Scalar } from "./wgsl.ts";

const keys = new WeakMap<Expr, string>();

/** An expression over operands of one shape, however long it is: one kernel, which serves all sizes. */
export function map(recorder: Recorder, expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const tensors = inputs.filter((x) => typeof x !== "number");
  splitLoop(recorder.device.limits, [out, ...tensors], ([to, ...from]) => {
    let next = 0;
    mapPiece(
      recorder,
      expr,
      inputs.map((x) => (typeof x === "number" ? x : from[next++])),
      to,
    );
  });
}

/** out[i] = input[i] as another dtype, from and to any strides. */
export function copy(recorder: Recorder, from: Operand, out: Operand): void {
  map(recorder, IDENTITY, [from], out);
}

const IDENTITY = input(0);

function mapPiece(recorder: Recorder, expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  let key = keys.get(expr);
  if (key === undefined) keys.set(expr, (key = exprKey(expr)));
  const tensors = inputs.filter((x) => typeof x !== "number");
  const numbers = inputs.filter((x) => typeof x === "number");
  // a whole number is an i32 only where it meets one: otherwise 2 and 0.5 would be two kernels
  const whole = out.dtype === "i32" || tensors.some(({ dtype }) => dtype === "i32" || dtype === "bool");
  const types = inputs.map((x): Scalar => {
    if (typeof x !== "number") return computeDType(x.dtype);
    return whole && x === (x | 0) ? "i32" : "f32";
  });
  runElements(recorder, {
    name: `map ${key} ${inputs.map((x, k) => (typeof x === "number" ? types[k] : "t"))}`,
    out,
    inputs: tensors,
    extras: numbers.map((x) => (whole && x === (x | 0) ? x >>> 0 : floatBits(x))),
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
