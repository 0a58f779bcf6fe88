import { defineExpression } from "../../core/expr.ts";
import { viewOf } from "../../core/operand.ts";
import type { Operand, Pairs } from "../../tensor/backend.ts";
import type { Engine } from "./engine.ts";
import { map } from "./map.ts";

const first = defineExpression("turnedFirst(a, b, cos, sin) = a * cos - b * sin").body;
const second = defineExpression("turnedSecond(a, b, cos, sin) = b * cos + a * sin").body;

/** Pairs (a, b) of channels as (a·cos - b·sin, b·cos + a·sin): the first of each pair, then the second, where they lie. */
export function rope(engine: Engine, x: Operand, cos: Operand, sin: Operand, pairs: Pairs, out: Operand): void {
  const [x1, x2] = halves(x, pairs);
  for (const [i, expr] of [first, second].entries()) {
    const [c, s, to] = [cos, sin, out].map((t) => halves(t, pairs)[i]);
    map(engine, expr, [x1, x2, c, s], to);
  }
}

/** The first channels of all pairs, and the second ones. */
function halves(t: Operand, pairs: Pairs): [Operand, Operand] {
  const last = t.shape.length - 1;
  const [half, stride] = [t.shape[last] / 2, t.strides[last]];
  const shape = t.shape.with(last, half);
  const strides = pairs === "half" ? t.strides : t.strides.with(last, 2 * stride);
  const apart = pairs === "half" ? half * stride : stride;
  return [viewOf(t, { shape, strides }), viewOf(t, { shape, strides, offset: t.offset + apart })];
}
