import { signedStream } from "../../core/random.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { applyRope, type Backend, concat, fromData, layerNorm, linear, rearrange, scaledDotProductAttention, silu, slice, type Tensor } from "../../tensor/index.ts"; // biome-ignore format: one line
import { OnnxGraph } from "./onnx.ts";

/** EVA-CLIP L. */
const [WIDTH, HEADS, HEAD, HIDDEN, EPS] = [1024, 16, 64, 2730, 1e-6];

const SHAPES = {
  norm1: [WIDTH],
  q: [WIDTH, WIDTH],
  k: [WIDTH, WIDTH],
  v: [WIDTH, WIDTH],
  attentionNorm: [WIDTH],
  proj: [WIDTH, WIDTH],
  norm2: [WIDTH],
  w1: [HIDDEN, WIDTH],
  w2: [HIDDEN, WIDTH],
  hiddenNorm: [HIDDEN],
  w3: [WIDTH, HIDDEN],
} as const;
type Name = keyof typeof SHAPES;

/** The numbers of one block: its matrices, biases (which serve as the norms' shifts, too), and a grid's angles. */
export interface EvaBlockWeights {
  readonly tokens: number;
  readonly matrices: Readonly<Record<Name, Float32Array<ArrayBuffer>>>;
  readonly biases: Readonly<Record<Name, Float32Array<ArrayBuffer>>>;
  /** [tokens - 1, HEAD], each */
  readonly cos: Float32Array<ArrayBuffer>;
  readonly sin: Float32Array<ArrayBuffer>;
}

/** Multiply-adds count as two; norms, softmax and the like as none. */
export function evaBlockFlops(tokens: number): number {
  return 2 * tokens * (4 * WIDTH ** 2 + 3 * WIDTH * HIDDEN + 2 * tokens * WIDTH);
}

/** Weights of a size at which activations keep theirs. Seeded: the same for every backend and library. */
export function evaBlockWeights(tokens: number, seed: string): EvaBlockWeights {
  const pattern = Float32Array.from(signedStream(seed, 8191)); // drawing 12 million takes longer than a block
  const numbers = (size: number, scale: number) => Float32Array.from({ length: size }, (_, i) => scale * pattern[i % pattern.length]); // biome-ignore format: one line
  const each = (make: (shape: Shape) => Float32Array<ArrayBuffer>) =>
    Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, make(shape)])) as EvaBlockWeights["biases"];
  const angles = numbers((tokens - 1) * (HEAD / 2), Math.PI);
  const table = (wave: (angle: number) => number) => Float32Array.from({ length: 2 * angles.length }, (_, i) => wave(angles[i >> 1])); // biome-ignore format: one line
  return {
    tokens,
    matrices: each((shape) => numbers(sizeOf(shape), shape.length === 1 ? 1 : (3 / shape[1]) ** 0.5)),
    biases: each(([size]) => numbers(size, 0.1)),
    cos: table(Math.cos),
    sin: table(Math.sin),
  };
}

/** A block as model/evaClip has it: x [1, tokens, WIDTH] -> the same. */
export function evaBlock(weights: EvaBlockWeights, backend: Backend): (x: Tensor) => Tensor {
  const tensor = (data: Float32Array<ArrayBuffer>, shape: Shape) => fromData(data, shape, "f32", backend);
  const parameters = (from: EvaBlockWeights["biases"], shapeOf: (name: Name) => Shape) =>
    Object.fromEntries(Object.entries(from).map(([name, data]) => [name, tensor(data, shapeOf(name as Name))])) as Readonly<Record<Name, Tensor>>; // biome-ignore format: one line
  const w = parameters(weights.matrices, (name) => SHAPES[name]);
  const b = parameters(weights.biases, (name) => [SHAPES[name][0]]);
  const [cos, sin] = [weights.cos, weights.sin].map((table) => tensor(table, [weights.tokens - 1, HEAD]));

  const norm = (x: Tensor, name: Name) => layerNorm(x, w[name], b[name], EPS);
  const heads = (x: Tensor) => rearrange(x, "b t (h d) -> b h t d", { h: HEADS });
  const rotated = (x: Tensor) => concat([slice(x, 2, 0, 1), applyRope(slice(x, 2, 1), cos, sin, "adjacent")], 2);
  return (x) => {
    const normed = norm(x, "norm1");
    const q = rotated(heads(linear(normed, w.q, b.q)));
    const k = rotated(heads(linear(normed, w.k)));
    const v = heads(linear(normed, w.v, b.v));
    const seen = rearrange(scaledDotProductAttention(q, k, v), "b h t d -> b t (h d)");
    const y = x.add(linear(norm(seen, "attentionNorm"), w.proj, b.proj));
    const normed2 = norm(y, "norm2");
    const hidden = silu(linear(normed2, w.w1, b.w1)).mul(linear(normed2, w.w2, b.w2));
    return y.add(linear(norm(hidden, "hiddenNorm"), w.w3, b.w3));
  };
}

/** Blocks one after the other as a graph for ONNX Runtime: x [tokens, WIDTH] -> the same. */
export function onnxEvaBlocks(blocks: readonly EvaBlockWeights[]): Uint8Array {
  const shape = [blocks[0].tokens, WIDTH];
  const g = new OnnxGraph(shape);
  const out = blocks.reduce((x, weights) => onnxEvaBlock(g, x, weights), g.x);
  return g.model(out, shape);
}

function onnxEvaBlock(g: OnnxGraph, x: string, { tokens, matrices, biases, cos, sin }: EvaBlockWeights): string {
  const bias = (name: Name) => g.constant([biases[name].length], biases[name]);
  const norm = (y: string, name: Name) =>
    g.op("LayerNormalization", [y, g.constant(SHAPES[name], matrices[name]), bias(name)], { axis: 1, epsilon: { float: EPS } }); // biome-ignore format: one line
  const linear = (y: string, name: Name, biased = true) =>
    g.op("Gemm", [y, g.constant(SHAPES[name], matrices[name]), ...(biased ? [bias(name)] : [])], { transB: 1 });
  const heads = (y: string) => g.op("Reshape", [y, g.integers(tokens, HEADS, HEAD)]);

  // CLS, which has no place on the grid, turns by no angle; neighbours change places, and the sign is the sine's
  const firstRow = (table: Float32Array, value: number) => Float32Array.from([...Array<number>(HEAD).fill(value), ...table]); // biome-ignore format: one line
  const tables = [firstRow(cos, 1), firstRow(sin, 0).map((s, i) => (i % 2 ? s : -s))];
  const [cosines, sines] = tables.map((table) => g.constant([tokens, 1, HEAD], table));
  const swap = g.integers(...Array.from({ length: HEAD }, (_, i) => i ^ 1));
  const rotated = (y: string) =>
    g.op("Add", [g.op("Mul", [y, cosines]), g.op("Mul", [g.op("Gather", [y, swap], { axis: 2 }), sines])]);

  const normed = norm(x, "norm1");
  const q = g.op("Transpose", [rotated(heads(linear(normed, "q")))], { perm: [1, 0, 2] });
  const k = g.op("Transpose", [rotated(heads(linear(normed, "k", false)))], { perm: [1, 2, 0] });
  const v = g.op("Transpose", [heads(linear(normed, "v"))], { perm: [1, 0, 2] });
  const scaled = g.op("Mul", [q, g.constant([], Float32Array.of(HEAD ** -0.5))]);
  const attention = g.op("MatMul", [g.op("Softmax", [g.op("MatMul", [scaled, k])], { axis: 2 }), v]);
  const merged = g.op("Reshape", [g.op("Transpose", [attention], { perm: [1, 0, 2] }), g.integers(tokens, WIDTH)]);
  const y = g.op("Add", [x, linear(norm(merged, "attentionNorm"), "proj")]);

  const normed2 = norm(y, "norm2");
  const gate = linear(normed2, "w1");
  const hidden = g.op("Mul", [g.op("Mul", [gate, g.op("Sigmoid", [gate])]), linear(normed2, "w2")]);
  return g.op("Add", [y, linear(norm(hidden, "hiddenNorm"), "w3")]);
}
