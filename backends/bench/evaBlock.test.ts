import { expect, it } from "vitest";
import { configOf } from "../../model/config/variants.ts";
import { PreNormBlock } from "../../model/evaClip/block.ts";
import { VisionRotaryEmbedding } from "../../model/evaClip/rope.ts";
import { fromData, getBackend } from "../../tensor/index.ts";
import { evaBlock, evaBlockWeights } from "./evaBlock.ts";

/** Where the model keeps what the bench calls by shorter names. */
const PATHS = {
  norm1: ["norm1.weight", "norm1.bias"],
  q: ["attn.q_proj.weight", "attn.q_bias"],
  k: ["attn.k_proj.weight", undefined],
  v: ["attn.v_proj.weight", "attn.v_bias"],
  attentionNorm: ["attn.inner_attn_ln.weight", "attn.inner_attn_ln.bias"],
  proj: ["attn.proj.weight", "attn.proj.bias"],
  norm2: ["norm2.weight", "norm2.bias"],
  w1: ["mlp.w1.weight", "mlp.w1.bias"],
  w2: ["mlp.w2.weight", "mlp.w2.bias"],
  hiddenNorm: ["mlp.ffn_ln.weight", "mlp.ffn_ln.bias"],
  w3: ["mlp.w3.weight", "mlp.w3.bias"],
} as const;

it("the bench's block computes what the model's does", async () => {
  const grid = 4;
  const tokens = grid * grid + 1;
  const weights = evaBlockWeights(tokens, "test");
  const block = new PreNormBlock(configOf("infimm-zephyr").visual);
  const parameters = block.parameters();
  const put = (path: string | undefined, data: Float32Array<ArrayBuffer>) => {
    if (path === undefined) return;
    const [owner, name] = path.split(/\.(?=\w+$)/);
    Object.assign(block.moduleAt(owner), { [name]: fromData(data, parameters.get(path)!.shape) });
    parameters.delete(path);
  };
  for (const [name, [matrix, bias]] of Object.entries(PATHS)) {
    put(matrix, weights.matrices[name as keyof typeof PATHS]);
    put(bias, weights.biases[name as keyof typeof PATHS]);
  }
  expect([...parameters.keys()], "the bench leaves these out").toEqual([]);
  const rope = new VisionRotaryEmbedding(grid, 64);
  Object.assign(rope, { freqs_cos: fromData(weights.cos, [16, 64]), freqs_sin: fromData(weights.sin, [16, 64]) });
  const x = fromData(
    Float32Array.from({ length: tokens * 1024 }, (_, i) => Math.sin(i)),
    [1, tokens, 1024],
  );
  const expected = await block.call(x, rope).data();
  expect(await evaBlock(weights, getBackend())(x).data()).toEqual(expected);
});
