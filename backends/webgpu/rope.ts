import type { Operand, Pairs } from "../../tensor/backend.ts";
import { runElements } from "./elements.ts";
import type { Recorder } from "./recorder.ts";
import { splitRows } from "./whole.ts";

/** Rotary positions: each channel is read with the other one of its pair. */
export function rope(recorder: Recorder, x: Operand, cos: Operand, sin: Operand, pairs: Pairs, out: Operand): void {
  const last = x.shape.length - 1;
  const d = x.shape[last];
  splitRows(recorder, [x, cos, sin], [out], (inputs, [to]) => {
    runElements(recorder, {
      name: `rope ${pairs}`,
      out: to,
      inputs,
      extras: [d, inputs[0].strides[last]],
      body: (extra) => ({
        lines: [
          `  let channel = i % ${extra(0)};`,
          ...(pairs === "half"
            ? [`  let first = channel < ${extra(0)} / 2u;`, `  let apart = ${extra(0)} / 2u * ${extra(1)};`]
            : ["  let first = channel % 2u == 0u;", `  let apart = ${extra(1)};`]),
          "  let other = load0(select(a0 - apart, a0 + apart, first));",
        ],
        value: "load0(a0) * load1(a1) + select(other, -other, first) * load2(a2)",
        type: "f32",
      }),
    });
  });
}
