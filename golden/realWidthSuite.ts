import { expect, test } from "vitest";
import { mulberry32, fnv1a } from "../core/random.ts";
import { GatedCrossAttentionBlock } from "../model/crossAttention/gatedCrossAttentionBlock.ts";
import { mediaPlaces } from "../model/crossAttention/media.ts";
import { PostNormBlock, PreNormBlock } from "../model/evaClip/block.ts";
import { ropeTables, VisionRotaryEmbedding } from "../model/evaClip/rope.ts";
import { causalBias } from "../model/language/causalBias.ts";
import { DecoderLayer } from "../model/language/decoderLayer.ts";
import { rotaryTables } from "../model/language/rotary.ts";
import { rotaryFrequencies } from "../model/language/rotaryFrequencies.ts";
import { feedForward } from "../model/perceiver/feedForward.ts";
import { PerceiverAttention } from "../model/perceiver/perceiverAttention.ts";
import { readJson } from "../model/files/readFile.ts";
import { configOf } from "../model/config/variants.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";
import { Module } from "../nn/module.ts";
import { trace } from "../nn/trace.ts";
import { fromData, tensor, type Tensor, withBackend } from "../tensor/index.ts";
import { BARS, compare, ERROR_FLOOR } from "./compare.ts";
import { recipeInput, recipeWeights } from "./recipe.ts";

interface Block {
  readonly inputs: Record<string, number[]>;
  readonly outputs: Record<
    string,
    { shape: number[]; mean: number; std: number; abs_mean: number; norm: number; float32_error: number }
  >;
}

const { blocks } = (await readJson("golden/fixtures/real-width/real-width.json")) as { blocks: Record<string, Block> };
const zephyr = configOf("infimm-zephyr");

/** One resampler layer, as the resampler runs it: paths `0` and `1`. */
class ResamplerLayer extends Module {
  0 = new PerceiverAttention(1024, zephyr.perceiver!);
  1 = feedForward(1024, zephyr.perceiver!.ff_mult);
  forward(x: Tensor, latents: Tensor): Tensor {
    latents = this[0].call(x, latents).add(latents);
    return this[1].call(latents).add(latents);
  }
}

/** The blocks, and what they take beside their seeded inputs. */
const BLOCKS: Record<string, { module: () => Module; args: (inputs: Record<string, Tensor>) => unknown[] }> = {
  "eva-l-block": {
    module: () => new PreNormBlock(zephyr.visual),
    args: ({ x }) => {
      const rope = new VisionRotaryEmbedding(24, 64);
      const { cos, sin } = ropeTables(24, 64, 16);
      rope.setTensor("freqs_cos", fromData(cos, [576, 64]));
      rope.setTensor("freqs_sin", fromData(sin, [576, 64]));
      return [x, rope];
    },
  },
  "eva-g-block": { module: () => new PreNormBlock(configOf("infimm-llama-13b").visual), args: ({ x }) => [x, null] },
  "eva-e-block": { module: () => new PostNormBlock(configOf("infimm-vicuna-13b").visual), args: ({ x }) => [x, null] },
  "resampler-layer": { module: () => new ResamplerLayer(), args: ({ x, latents }) => [x, latents] },
  "cross-block": {
    module: () => new GatedCrossAttentionBlock(4096, 1024, zephyr.cross_attention),
    args: ({ x, media }) => {
      const ids = tensor([Array.from({ length: 16 }, (_, i) => (i === 2 ? 1 : 0))], "i32");
      return [x, { features: media, ...mediaPlaces(ids, 1) }];
    },
  },
  "mistral-layer": {
    module: () => new DecoderLayer(zephyr.language, 0),
    args: ({ x }) => {
      const positions = [Int32Array.from({ length: 16 }, (_, i) => i)];
      const rotary = rotaryTables(positions, rotaryFrequencies(zephyr.language, 16), x.backend);
      const bias = causalBias(x, { queries: 16, keys: 16, window: 4096, attentionMask: null });
      return [x, { rotary, biases: { sliding_attention: bias, full_attention: bias }, cache: null }];
    },
  },
};

/** Declare the blocks as vitest tests: everything that is stored of them, on one backend. */
export function realWidth(backend: string): void {
  const { ratio, error } = BARS[backend];

  test("every stored block is run", () => expect(Object.keys(BLOCKS).sort()).toEqual(Object.keys(blocks).sort()));

  test.each(Object.keys(BLOCKS))(`%s at real width equals PyTorch on ${backend}`, async (name) => {
    const { module, output, acts } = withBackend(backend, () => {
      const module = BLOCKS[name].module();
      recipeWeights(module, name);
      const inputs = Object.fromEntries(
        Object.entries(blocks[name].inputs).map(([key, shape]) => [key, recipeInput(`${name}/input/${key}`, shape)]),
      );
      return { module, ...trace(module, BLOCKS[name].args(inputs) as never) };
    });
    const samples = await openSafetensors("golden/fixtures/real-width/real-width.safetensors");
    for (const [path, expected] of Object.entries(blocks[name].outputs)) {
      const ours = path === "output" ? (output as Tensor) : acts.get(path)!;
      expect([...ours.shape], path).toEqual(expected.shape);
      const values = await ours.data();
      const bar = Math.min(error, ratio * Math.max(ERROR_FLOOR, expected.float32_error));
      const { data } = await samples.read(`${name}/${path}`);
      const seed = fnv1a(`${name}/samples/${path}`);
      const sampled = Float32Array.from(
        data,
        (_, j) => values[Math.floor((mulberry32(seed, j) / 2 ** 32) * values.length)],
      );
      expect(compare(sampled, data, [data.length]).error, `${path}: samples`).toBeLessThanOrEqual(bar);
      const { mean, std, absMean, norm } = statistics(values);
      for (const [ours, theirs] of [
        [mean, expected.mean],
        [std, expected.std],
        [absMean, expected.abs_mean],
      ]) {
        expect(Math.abs(ours - theirs) / expected.abs_mean, `${path}: statistics`).toBeLessThanOrEqual(bar);
      }
      expect(Math.abs(norm - expected.norm) / expected.norm, `${path}: norm`).toBeLessThanOrEqual(bar);
    }
    await samples.close();
    for (const act of acts.values()) act.dispose();
    module.dispose();
  });
}

function statistics(values: ArrayLike<number>) {
  let [sum, squares, absolute] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] ** 2;
    absolute += Math.abs(values[i]);
  }
  const n = values.length;
  const mean = sum / n;
  return { mean, std: Math.sqrt(squares / n - mean * mean), absMean: absolute / n, norm: Math.sqrt(squares) };
}
