import type { Operand, Pairs } from "../../../tensor/backend.ts";
import { runElements } from "./map/elements.ts";
import type { Recorder } from "../recording/recorder.ts";
import { splitRows } from "./whole.ts";

/** Rotary positions: each channel is read with the other one of its pair. */
export function rope(recorder: Recorder, x: Operand, cos: Operand, sin: Operand, pairs: Pairs, out: Operand): void {
  splitRows(recorder, [x, cos, sin], [out], (inputs, [to]) =>
    runElements(recorder, {
      name: `rope ${pairs}`,
      out: to,
      inputs,
      extras: [x.shape[x.shape.length - 1], inputs[0].strides[x.shape.length - 1]],
      body(extra) {
        const [channels, step] = [extra(0), extra(1)];
        const [first, apart] =
          pairs === "half"
            ? [`channel < ${channels} / 2u`, `${channels} / 2u * ${step}`]
            : ["channel % 2u == 0u", step];
        return {
          lines: [
            `  let channel = i % ${channels};`,
            `  let first = ${first};`,
            `  let other = load0(select(a0 - ${apart}, a0 + ${apart}, first));`,
          ],
          value: "load0(a0) * load1(a1) + select(other, -other, first) * load2(a2)",
          type: "f32",
        };
      },
    }),
  );
}
