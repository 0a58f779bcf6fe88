import { viewBytes } from "../../core/dtype.ts";
import { signedStream } from "../../core/random.ts";
import { exp, floor, fromData, gelu, relu, scope, sigmoid, silu, type Tensor, where } from "../../tensor/index.ts";
import type { Case } from "./case.ts";
import { expectClose, relative } from "./compare.ts";
import type { Bench } from "./samples.ts";

/** What a program is made of: of the two tensors made last, or one made before. Values stay finite. */
const OPS: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => a.add(b),
  (a, b) => a.sub(b),
  (a, b) => a.mul(b).mul(0.5),
  (a, b) => a.div(b.abs().add(1)),
  (a, b) => a.maximum(b.minimum(0.5)),
  (a) => exp(a.tanh()),
  (a) => a.mul(a),
  (a) => silu(a.mul(0.5)),
  (a) => gelu(a.div(2)),
  (a) => relu(a.neg()),
  (a) => floor(a.mul(4)),
  (a, b) => where(a.gt(b), a, 2),
  (a, b) => a.maskedFill(b.lt(0.1).logicalAnd(a.ge(0)), -1),
  (a) => sigmoid(a).sub(0.25),
  (a, b) => a.lt(b).add(a.eq(b)).mul(3),
  (a, b) => a.add(b.ne(0)).remainder(1.5),
];

const PROGRAMS = 14;
const STEPS = 7;
/** The second is broadcast to the first, from the side and from the top; the third is of whole numbers. */
const SHAPES = [[5, 6], [5, 1], [6]]; // biome-ignore format: one line

/** Run program `seed`, with `each` told of every tensor that is made. */
function run(seed: number, inputs: readonly Tensor[], each: (t: Tensor) => void): Tensor {
  const draws = signedStream(`chain ${seed}`, 3 * STEPS).map((x) => Math.floor((x + 1) * 5000));
  const made = [...inputs];
  for (let step = 0; step < STEPS; step++) {
    const [op, first, second] = draws.slice(3 * step, 3 * step + 3);
    const a = first % 3 > 0 ? made[made.length - 1] : made[first % made.length];
    const result = OPS[op % OPS.length](a, made[second % made.length]);
    each(result);
    made.push(result);
  }
  return made[made.length - 1].add(inputs[0]);
}

function inputsOf({ backend }: Bench): Tensor[] {
  const stream = (key: string, shape: readonly number[]) =>
    signedStream(
      `chain ${key}`,
      shape.reduce((a, b) => a * b),
    );
  const [x, y, n] = SHAPES.map((shape, i) => stream(String(i), shape));
  return [
    fromData(Float32Array.from(x, (v) => 2 * v), SHAPES[0], "f32", backend),
    fromData(Float32Array.from(y, (v) => 2 * v), SHAPES[1], "f32", backend),
    fromData(Int32Array.from(n, (v) => Math.round(5 * v)), SHAPES[2], "i32", backend),
  ]; // biome-ignore format: a table
}

/** Elementwise ops in a chain (tensor/chain.ts) against the same ops one by one. */
export function chainCases(): Case[] {
  return [
    {
      name: "chain: what its ops give one by one, bit for bit",
      async run(b) {
        if (b.backend.eager) return; // there are no chains
        const inputs = inputsOf(b);
        // WGSL lets a GPU contract a · b + c
        const exact = b.backend.software !== false;
        for (let seed = 0; seed < PROGRAMS; seed++) {
          const chained = scope(() => run(seed, inputs, () => {}));
          const single = scope(() => run(seed, inputs, (t) => t.storage.settle()));
          const [got, wanted] = [await chained.data(), await single.data()];
          const near = relative(wanted, 64);
          if (exact) expectClose(`program ${seed}`, bitsOf(got), bitsOf(wanted));
          else expectClose(`program ${seed}`, got, wanted, (i) => near(i) + 2 ** -18);
          chained.dispose();
          single.dispose();
        }
        for (const input of inputs) input.dispose();
      },
    },
  ];
}

/** So that -0 is not 0. */
function bitsOf(values: ArrayLike<number> & ArrayBufferView): ArrayLike<number> {
  return viewBytes("i32", values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength) as ArrayBuffer);
}
