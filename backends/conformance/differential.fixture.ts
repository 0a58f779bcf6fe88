import fc from "fast-check";
import { it } from "vitest";
import { type DType, encodeFloats, type TypedArray } from "../../core/dtype.ts";
import { fuzzRuns } from "../../core/fuzzRuns.fixture.ts";
import { Generator } from "../../core/random.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import * as t from "../../tensor/index.ts";
import type { Backend, Tensor } from "../../tensor/index.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { createGpuJsBackend } from "../gpujs/gpujs.ts";
import { createWasmBackend } from "../wasm/wasm.ts";
import { AS_IT_LIES, PACKED, SMALL_PRODUCTS } from "../wasm/smallest.fixture.ts";
import { testDevice } from "../webgpu/testDevice.ts";
import { createWebgpuBackend } from "../webgpu/webgpu.ts";

/**
 * Every backend against `cpu`, on random programs of the public ops: one op on operands of any rank, dtype and layout.
 * `FUZZ=1000 npx vitest run backends/differential` for long; sizes grow with it.
 */
const LONG = process.env.FUZZ !== undefined;
const MOST = LONG ? 2e7 : 2e5;
const EPS = 2 ** -24;

/** How an operand is made of memory that is larger than itself. */
interface Layout {
  readonly dtype: "f32" | "f16" | "bf16" | "i32" | "bool";
  /** Along each dim: first element, step, and what is left behind the last. */
  readonly dims: readonly { readonly start: number; readonly step: number; readonly rest: number }[];
  /** The order of dims in memory. */
  readonly order: readonly number[];
  /** Which dims are repeated, and how many leading ones are missing. */
  readonly repeated: readonly boolean[];
  readonly missing: number;
  readonly seed: number;
}

interface Program {
  readonly op: string;
  readonly shape: Shape;
  readonly operands: readonly Layout[];
  readonly axis: number;
  readonly special: boolean;
}

/** What is computed of three operands that broadcast, and along which axis, if any; and how near it has to be. */
interface Op {
  readonly run: (a: Tensor, b: Tensor, c: Tensor, axis: number) => Tensor;
  /**
   * exact: bit for bit. near: each element by itself, in f32 spacings; termwise: in those of its terms, which may cancel.
   * summed: as near as sums of these sizes are.
   */
  readonly kind: "exact" | "near" | "termwise" | "summed";
}

const near = (run: Op["run"]): Op => ({ run, kind: "near" });
const termwise = (run: Op["run"]): Op => ({ run, kind: "termwise" });
const summed = (run: Op["run"]): Op => ({ run, kind: "summed" });
const exact = (run: Op["run"]): Op => ({ run, kind: "exact" });
const float = (x: Tensor) => x.to("f32");
const whole = (x: Tensor) => x.to("i32");
const four = t.elementwise("four(a, b, c, d) = a * b + c * d + a");
const rows = (x: Tensor) => float(x).reshape(-1, x.shape.at(-1) ?? 1);

const OPS: Record<string, Op> = {
  add: near((a, b) => float(a).add(b)),
  mixed: termwise((a, b, c) => four(float(a), b, c, a)),
  chain: near((a, b, c) => float(a).mul(b).sub(float(c)).exp()),
  divide: near((a, b) => float(a).div(b)),
  compare: exact((a, b) => a.lt(b)),
  choose: exact((a, b, c) => t.where(a.gt(0), b, c)),
  whole: exact((a, b) => a.to("i32").mul(b.to("i32"))),
  bits: exact((a, b, c) => t.bitwiseXor(t.bitwiseAnd(whole(a), whole(b)), t.bitwiseOr(whole(b), whole(c)))),
  up: exact((a, b) => t.bitwiseLeftShift(whole(a), whole(b))), // by -100 to 100 places
  down: exact((a, b) => t.bitwiseRightShift(whole(a), whole(b))),
  narrow: exact((a) => a.to("bf16").to("f32")),
  copy: exact((a) => a.contiguous()),
  gelu: near((a) => t.gelu(float(a))),
  sum: summed((a, _, __, axis) => float(a).sum(axis)),
  all: summed((a) => float(a).sum()),
  largest: exact((a, _, __, axis) => float(a).amax(axis)),
  place: exact((a, _, __, axis) => float(a).argmax(axis)),
  running: summed((a, _, __, axis) => float(a).cumsum(axis)),
  softmax: near((a, _, __, axis) => t.softmax(float(a), axis)),
  joined: exact((a, b, _, axis) => t.concat([float(a).expand(...b.shape), float(b)], axis)),
  turned: exact((a) => a.transpose(0, -1).contiguous()),
  product: summed((a, b) => rows(a).matmul(rows(b).transpose(0, 1).contiguous())),
  linear: summed((a, b) => t.linear(rows(a), rows(b))),
  taken: exact((a, b, _, axis) => t.gather(a, axis, float(b).abs().to("i32").remainder(a.shape.at(axis)!))),
};

/** What each op needs beside operands that broadcast: both of the whole shape, or numbers without infinities. */
const WHOLE = new Set(["product", "linear", "taken", "joined", "turned", "narrow", "copy"]);
const TAME = new Set([
  "product",
  "linear",
  "sum",
  "all",
  "running",
  "softmax",
  "taken",
  "whole",
  "bits",
  "up",
  "down",
  "narrow",
]);

const layout = (rank: number): fc.Arbitrary<Layout> =>
  fc.record({
    dtype: fc.constantFrom("f32", "f32", "f16", "bf16", "i32", "bool"),
    dims: fc.array(
      fc.record({ start: fc.constantFrom(0, 0, 1, 3), step: fc.constantFrom(1, 1, 2), rest: fc.constantFrom(0, 1) }),
      { minLength: rank, maxLength: rank },
    ),
    order: fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank }),
    repeated: fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
    missing: fc.integer({ min: 0, max: rank }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  });

/** @param largest elements of an operand, at most */
const programs = (largest: number): fc.Arbitrary<Program> =>
  fc
    .record({
      op: fc.constantFrom(...Object.keys(OPS)),
      rank: fc.integer({ min: 1, max: 6 }),
      size: fc.constantFrom(1, 30, largest / 50, largest / 10, largest),
      weights: fc.array(fc.double({ min: 0.02, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
    })
    .chain(({ op, rank, size, weights }) => {
      const most = op === "product" || op === "linear" ? Math.min(size, largest / 8) : size;
      const total = weights.slice(0, rank).reduce((sum, w) => sum + w, 0);
      const shape = weights.slice(0, rank).map((w) => Math.max(1, Math.floor(most ** (w / total))));
      return fc.record({
        op: fc.constant(op),
        shape: fc.constant(shape),
        operands: fc.tuple(layout(rank), layout(rank), layout(rank)),
        axis: fc.integer({ min: 0, max: rank - 1 }),
        special: fc.boolean(),
      });
    });

/** The products of two are finite: cpu rounds a whole expression once, others every term, and 1e60 - ∞ is no number there. */
const SPECIAL = [0, -0, Number.NaN, Infinity, -Infinity, 1e18, -1e18];
const SUBNORMAL = 3e-39; // WGSL lets a device take it for 0, so that `x > 0` has no one answer there: not for webgpu

/** The same numbers for every backend. */
function numbers(dtype: DType, size: number, seed: number, special: readonly number[]): TypedArray {
  const generator = new Generator(seed);
  const values = Float32Array.from({ length: size }, () => {
    if (dtype === "i32") return Math.floor(generator.uniform() * 200) - 100;
    if (dtype === "bool") return Number(generator.uniform() < 0.5);
    const x = generator.uniform();
    return special.length > 0 && x < 0.05 ? special[Math.floor(x * 20 * special.length)] : 4 * x - 2;
  });
  if (dtype === "i32") return Int32Array.from(values);
  if (dtype === "bool") return Uint8Array.from(values);
  return dtype === "f32" ? values : encodeFloats(dtype as "f16", values);
}

function place(backend: Backend, shape: Shape, { dtype, dims, order, ...how }: Layout, special: readonly number[]) {
  const sizes = shape.map((n, i) => (how.repeated[i] ? 1 : n));
  const memory = sizes.map((n, i) => dims[i].start + (n - 1) * dims[i].step + 1 + dims[i].rest);
  const stored = order.map((axis) => memory[axis]);
  let x = t.fromData(numbers(dtype, sizeOf(stored), how.seed, special), stored, dtype, backend);
  x = x.permute(...shape.map((_, axis) => order.indexOf(axis)));
  sizes.forEach((n, i) => { x = x.slice(i, dims[i].start, dims[i].start + (n - 1) * dims[i].step + 1, dims[i].step); }); // biome-ignore format: one line
  return x.reshape(...sizes.slice(Math.min(how.missing, sizes.findIndex((n) => n !== 1) >>> 0))); // leading ones may go
}

/** Whose numbers the operands are drawn with, and whether of the operands' sizes: what errors of sums are measured in. */
interface How {
  readonly subnormal: boolean;
  readonly sizesOnly?: boolean;
}

async function run(backend: Backend, program: Program, { subnormal, sizesOnly = false }: How) {
  const { op, shape, operands, axis } = program;
  const whole = WHOLE.has(op);
  const special = program.special && !TAME.has(op) ? [...SPECIAL, ...(subnormal ? [SUBNORMAL] : [])] : [];
  using result = t.scope(() => {
    const [a, b, c] = operands.map((how, i) => {
      const fixed = whole || i === 0 ? { ...how, repeated: how.repeated.map(() => false), missing: 0 } : how;
      const x = place(backend, shape, fixed, special);
      return sizesOnly ? float(x).abs() : x;
    });
    return OPS[op].run(a, b, c, axis);
  });
  return await result.data();
}

function differ(got: TypedArray, expected: TypedArray, bound: (i: number) => number): string | undefined {
  if (got.length !== expected.length) return `${got.length} elements instead of ${expected.length}`;
  for (let i = 0; i < got.length; i++) {
    const [x, y] = [got[i], expected[i]];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= bound(i))) return `element ${i} of ${got.length}: ${x} instead of ${y}`;
  }
  return undefined;
}

const cpu = createCpuBackend();

async function check(backend: Backend, p: Program): Promise<void> {
  const subnormal = backend.name !== "webgpu";
  const [got, expected] = [await run(backend, p, { subnormal }), await run(cpu, p, { subnormal })];
  const { kind } = OPS[p.op];
  let bound = (_: number) => 0;
  // an exponential of products, a division of a difference: up to 64 spacings, and what is below normal numbers may be 0
  if (kind === "near")
    bound = (i) => 64 * EPS * Math.abs(expected[i]) + 64 * EPS * Number(p.op !== "divide") + 2 ** -126;
  if (kind === "summed" || kind === "termwise") {
    const sizes = await run(cpu, p, { subnormal, sizesOnly: true });
    const spacings = kind === "termwise" ? 8 : 8 + 2 * Math.sqrt(sizeOf(p.shape)); // sums in any order, of f32
    bound = (i) => EPS * spacings * Math.abs(sizes[i]);
  }
  const wrong = differ(got, expected, bound);
  if (wrong) throw new Error(`${p.op}${JSON.stringify(p.shape)} on ${backend.name}: ${wrong}`);
}

const fuzz = (runs: number, largest: number, make: () => Promise<Backend> | Backend) => async () => {
  const backend = await make();
  await fc.assert(
    fc.asyncProperty(programs(largest), (p) => check(backend, p)),
    { numRuns: LONG ? Math.ceil(fuzzRuns(0) / 50) : runs }, // large operands take a second
  );
};

const FEW = 3000; // what runs in the smallest pieces, or in software, takes long

/** Declare the properties as vitest tests. @param times how often all of them run: 5 to 15 programs each */
export async function differential(times: number): Promise<void> {
  it.each([
    ["one thread", 15, MOST, { threads: 1 }, undefined],
    ["two threads", 15, MOST, { threads: 2 }, undefined],
    ["three threads, plain SIMD", 15, MOST, { threads: 3, relaxed: false }, undefined],
    ["three threads, packed in the smallest pieces", 10, FEW, { threads: 3 }, PACKED],
    ["the smallest pieces, as they lie", 10, FEW, { threads: 3 }, AS_IT_LIES],
    ["the smallest pieces, small products, plain SIMD", 10, FEW, { threads: 2, relaxed: false }, SMALL_PRODUCTS],
  ] as const)("wasm computes what cpu does: %s", (_, runs, largest, options, tuning) =>
    fuzz(times * runs, largest, () => createWasmBackend(options, tuning))(),
  );

  it(
    "gpujs computes what cpu does",
    fuzz(times * 5, FEW, () => createGpuJsBackend({ mode: "cpu", base: createCpuBackend() })),
  );

  const found = await testDevice();
  it.skipIf(!found)(
    "webgpu computes what cpu does",
    fuzz(times * 5, LONG ? 2e6 : FEW, () => createWebgpuBackend(found)),
  );
}
