import { expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import * as T from "./index.ts";

/** Messages name the default backend. */
const HERE = T.getBackend().name;
const f = (...shape: number[]) => T.ones(shape);
const i = (...shape: number[]) => T.ones(shape, "i32");
const b = (...shape: number[]) => T.ones(shape, "bool");
// biome-ignore lint/suspicious/noExplicitAny: what a JavaScript caller may pass
const wrong = (x: unknown) => x as any;

/** Calls that must not go through, and what the message must say. PyTorch refuses each of them too. */
const REFUSALS: [call: string, run: () => unknown, message: string][] = [
  ["ragged", () => T.tensor([[1, 2], [3]]), "tensor: nested arrays are ragged"],
  ["ragged, of fitting size", () => T.tensor([[1, 2], [3, 4, 5], [6]]), "ragged; the first ones say [3, 2]"],
  ["ragged depth", () => T.tensor([[1], 2]), "ragged"],
  ["a string", () => T.tensor(wrong(["1"])), "tensor: expected numbers or booleans, got string"],
  ["NaN as i32", () => T.tensor([Number.NaN], "i32"), "tensor: NaN does not fit i32"],
  ["2³¹ as i32", () => T.tensor([2 ** 31], "i32"), "does not fit i32"],
  ["data of another size", () => T.fromData(new Float32Array(5), [2, 3]), "fromData: shape [2, 3] needs 6 elements, got 5"],
  ["data of another dtype", () => T.fromData(new Float32Array(1), [1], "i32"), "i32 elements come in a Int32Array, not in Float32Array"],
  ["bytes as bool", () => T.fromData(Uint8Array.of(7), [1]), "fromData: a Uint8Array makes a bool tensor"],
  ["16 bits without a dtype", () => T.fromData(new Uint16Array(1), [1]), "need a dtype: f16 or bf16"],
  ["NaN size", () => T.zeros([2, Number.NaN]), "full: sizes must be whole numbers, 0 or more; got shape [2, NaN]"],
  ["negative size", () => T.empty([-1]), "empty: sizes must be"],
  ["fractional randn", () => T.randn([1.5], new Generator(0)), "randn: sizes must be"],
  ["fractional arange", () => T.arange(0, 2.5), "arange: expected whole numbers, got 0 and 2.5"],
  ["shapes", () => f(2, 3).add(f(2)), "add: shapes [2, 3] and [2] do not broadcast"],
  ["undefined", () => T.add(f(2), wrong(undefined)), `add(a, b): expected tensors or numbers, got (f32[2] ${HERE}, undefined)`],
  ["too few", () => wrong(T.add)(f(2)), "add(a, b): expected 2 arguments, got 1"],
  ["bool - bool", () => b(2).sub(b(2)), "sub: sub is not defined for bool"],
  ["bool - 1", () => b(2).sub(1), "sub is not defined for bool"],
  ["-bool", () => b(2).neg(), "neg: neg is not defined for bool, as in PyTorch; use logicalNot"],
  ["|bool|", () => b(2).abs(), "abs is not defined for bool"],
  ["whole to a negative power", () => i(2).pow(-1), "pow: i32 to the power of -1 is not whole"],
  ["silu of i32", () => T.silu(i(2)), "silu: expected a float tensor, got i32"],
  ["where without bool", () => T.where(i(2), 1, 2), "where: expected a bool condition, got i32[2]"],
  ["masked_fill without bool", () => f(2).maskedFill(i(2), 0), "expected a bool condition"],
  ["mean of i32", () => i(2).mean(), "mean: expected a float tensor, got i32"],
  ["dim out of range", () => f(2).sum(1), "sum: dim 1 is out of range for a tensor with 1 dims; expected -1 to 0"],
  ["dim twice", () => f(2, 2).sum([0, -2]), "sum: dim given twice"],
  ["amax of nothing", () => f(0, 2).amax(0), "amax: an empty dim has no largest or smallest element"],
  ["argmax of bool", () => b(2).argmax(), "argmax: bool is refused"],
  ["softmax of i32", () => T.softmax(i(2), 0), "softmax: expected a float tensor"],
  ["inner sizes", () => f(2, 3).matmul(f(2, 3)), "matmul: inner sizes differ: [2, 3] x [2, 3]: 3 columns, 2 rows"],
  ["scalar matmul", () => f().matmul(f(2)), "matmul: scalars have no rows"],
  ["mixed matmul", () => i(2, 2).matmul(f(2, 2)), "matmul: expected a float tensor, got i32"],
  ["batch", () => f(2, 1, 1).matmul(f(3, 1, 1)), "matmul: shapes [2] and [3] do not broadcast"],
  ["linear", () => T.linear(f(2, 3), f(4, 5)), "linear: x [2, 3] does not fit weight [4, 5] [out, in]"],
  ["linear bias", () => T.linear(f(2, 3), f(4, 3), f(3)), "linear: bias [3] does not fit"],
  ["linear of bool", () => T.linear(b(2, 3), f(4, 3)), "linear: expected a float tensor, got bool"],
  ["layerNorm", () => T.layerNorm(f(2, 3), f(2), f(2), 1e-5), "layerNorm: expected a weight and bias of 3 elements"],
  ["layerNorm of i32", () => T.layerNorm(i(2), f(2), f(2), 1e-5), "layerNorm: expected a float tensor"],
  ["rope", () => T.applyRope(f(2, 3), f(2, 3), f(2, 3), "half"), "applyRope: expected an even number of channels"],
  ["gather dtype", () => T.gather(f(2), 0, f(2)), `gather: expected an i32 index, got f32[2] ${HERE}`],
  ["gather rank", () => T.gather(f(2, 2), 0, i(2)), "gather: index [2] does not fit tensor [2, 2]"],
  ["gather too wide", () => T.gather(f(2, 2), 0, i(1, 3)), "no larger apart from dim 0"],
  ["negative index", () => T.gather(f(2), 0, T.tensor([-1], "i32")), "gather: index -1 is out of range"],
  ["index past the end", () => T.indexSelect(f(2), 0, T.tensor([2], "i32")), "index 2 is out of range"],
  ["indexSelect", () => T.indexSelect(f(2), 0, i(1, 1)), "indexSelect: expected an index with one dim"],
  ["scatterAdd dtypes", () => T.scatterAdd(f(2), 0, i(1), i(1)), "scatterAdd: expected f32 or i32 in both"],
  ["scatterAdd shapes", () => T.scatterAdd(f(2), 0, i(1), f(2)), "index [1] and source [2] differ"],
  ["float ids", () => T.embedding(f(2), f(3, 3)), "embedding: expected i32 ids"],
  ["concat", () => T.concat([f(2, 3), f(2, 2)]), "concat: sizes apart from dim 0 differ: [2, 3], [2, 2]"],
  ["concat of none", () => T.concat([]), "concat: expected at least one tensor"],
  ["stack", () => T.stack([f(2), f(3)]), "stack: shapes differ: [2], [3]"],
  ["split", () => T.split(f(4), [1, 2]), "split: sizes [1, 2] do not add up to dim 0 of [4]"],
  ["split by 0", () => T.split(f(4), 0), "split: expected pieces of 1 or more, got 0"],
  ["chunk in 0", () => T.chunk(f(4), 0), "chunk: expected 1 chunk or more"],
  ["negative pad", () => T.pad(f(4), 0, -1, 0), "pad: sizes must be"],
  ["reshape", () => f(2, 3).reshape(4), "reshape: 6 elements do not fit the shape [4]"],
  ["permute", () => f(2, 3).permute(0, 0), "permute: [0, 0] does not name each dim of [2, 3] once"],
  ["expand", () => f(2, 3).expand(4, 3), "expand: [2, 3] cannot be stretched to [4, 3]; only dims of size 1 stretch"],
  ["expand a new -1", () => f(2).expand(-1, 2), "expand: sizes must be"],
  ["flatten backwards", () => f(2, 3).flatten(1, 0), "flatten: dim 1 comes after dim 0 in [2, 3]"],
  ["slice at NaN", () => f(2).slice(0, Number.NaN), "slice: expected whole numbers"],
  ["slice backwards", () => f(2).slice(0, 0, 2, -1), "slice: step must be a positive whole number"],
  ["select", () => f(2).select(0, 2), "select: index 2 is out of range for dim 0 of [2]"],
  ["unfold", () => T.unfold(f(3), 0, 4, 1), "unfold: windows of 4, step 1, do not fit dim 0 of [3]"],
  ["topk", () => T.topk(f(3), 4), "topk: k = 4 is out of range for dim 0 of [3]"],
  ["conv2d channels", () => T.conv2d(f(1, 3, 4, 4), f(2, 2, 3, 3), null), "do not fit 1 groups"],
  ["conv2d rank", () => T.conv2d(f(3, 4, 4), f(2, 3, 3, 3), null), "conv2d: expected x [n, c, h, w]"],
  ["conv2d kernel", () => T.conv2d(f(1, 1, 2, 2), f(1, 1, 3, 3), null), "conv2d: the kernel spans 3 elements, but dim 2"],
  ["conv2d stride", () => T.conv2d(f(1, 1, 2, 2), f(1, 1, 1, 1), null, { stride: 0 }), "conv2d: stride must be"],
  ["interpolate to nothing", () => T.interpolate(f(1, 1, 2, 2), [0, 1], "bicubic"), "interpolate: sizes must be 1 or more"],
  ["interpolate mode", () => T.interpolate(f(1, 1, 2, 2), [1, 1], wrong("nearest")), 'only mode "bicubic" exists'],
  ["attention heads", () => T.scaledDotProductAttention(f(1, 3, 1, 2), f(1, 2, 1, 2), f(1, 2, 1, 2)), "3 heads is not a multiple of 2"],
  ["attention width", () => T.attentionProbabilities(f(1, 1, 1, 2), f(1, 1, 1, 3)), "the last dim must be equal"],
  ["attention mask", () => T.attentionProbabilities(f(1, 1, 2, 2), f(1, 1, 3, 2), { mask: b(2, 2) }), "attention mask: shapes"],
  ["attention i32 mask", () => T.attentionProbabilities(f(1, 1, 1, 2), f(1, 1, 1, 2), { mask: i(1, 1) }), "a mask is bool"],
  ["crossEntropy", () => T.crossEntropy(f(2, 3), i(3)), "crossEntropy: expected logits [n, classes] and i32 targets [n]"],
  ["unknown backend", () => T.getBackend("abacus"), `no backend "abacus" is registered; known: ${HERE}`],
  ["two backends", () => f(2).add(T.ones([2], "f32", T.getBackend("meta"))), "add: tensors live on different backends"],
  ["reading meta", () => T.ones([2], "f32", T.getBackend("meta")).dataSync(), "a meta tensor has a shape but no data"],
]; // biome-ignore format: one refusal a line

it.each(REFUSALS)("%s", (_, run, message) => {
  using scope = T.scope();
  expect(run).toThrow(message);
  expect(scope).toBeDefined();
});

it("refuses item() of several elements", async () => {
  await expect(T.tensor([1, 2]).item()).rejects.toThrow("item: expected one element, got shape [2]");
});
