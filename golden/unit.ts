import { GatedCrossAttentionBlock } from "../model/crossAttention/gatedCrossAttentionBlock.ts";
import { MaskedCrossAttention } from "../model/crossAttention/maskedCrossAttention.ts";
import { type Media, mediaPlaces } from "../model/crossAttention/media.ts";
import { PostNormBlock, PreNormBlock } from "../model/evaClip/block.ts";
import { EVAVisionTransformer } from "../model/evaClip/evaVisionTransformer.ts";
import { SubLnAttention } from "../model/evaClip/subLnAttention.ts";
import { Flamingo } from "../model/flamingo.ts";
import type { InfiMM } from "../model/infimm.ts";
import { modelInputs } from "../model/inputs.ts";
import { DecoderLayer } from "../model/language/decoderLayer.ts";
import { FlamingoLayer } from "../model/language/flamingoLayer.ts";
import { LanguageModel } from "../model/language/languageModel.ts";
import { SelfAttention } from "../model/language/selfAttention.ts";
import { PerceiverAttention } from "../model/perceiver/perceiverAttention.ts";
import { PerceiverResampler } from "../model/perceiver/perceiverResampler.ts";
import type { Module } from "../nn/module.ts";
import { select } from "../nn/surgery.ts";
import { type Backend, fromData, repeat, scope, type Tensor } from "../tensor/index.ts";
import { checkLogits } from "./chain.ts";
import type { Checker } from "./check.ts";
import type { GoldenCase, Kind } from "./set.ts";

/** Each module by itself, fed with the golden input: an error here is the module's own, not handed down to it. */
export async function checkUnits(model: InfiMM, golden: GoldenCase, checker: Checker, backend: Backend): Promise<void> {
  const modules = model.modules();
  for (const path of golden.paths("module_inputs")) {
    const module = modules.get(path);
    const subject = { how: "unit", kind: module instanceof Flamingo ? "logits" : "activation", path } as const;
    if (!module) {
      checker.failure(subject, "our model has no such module");
      continue;
    }
    if (!golden.has(...outputOf(module, path))) continue; // reported as unchecked
    const output = scope(() => {
      const input = load(golden, "module_inputs", path, backend);
      return module.call(...(argumentsOf(module, path, input, model, golden, backend) as [Tensor])) as Tensor;
    });
    const ours = { data: await output.data(), shape: output.shape };
    if (module instanceof Flamingo) checkLogits(subject, ours, golden, checker);
    else checker.values(subject, ours, golden.read("activations", path), path);
    output.dispose();
  }
}

/** Where the golden output of a module is: the original's Flamingo returns an object, whose logits are the case's. */
function outputOf(module: Module, path: string): [kind: Kind, path: string] {
  return module instanceof Flamingo ? ["outputs", "logits"] : ["activations", path];
}

/** A module's arguments: the stored input first, then what the case and the model tell of the others. */
function argumentsOf(
  module: Module,
  path: string,
  input: Tensor,
  model: InfiMM,
  golden: GoldenCase,
  backend: Backend,
): unknown[] {
  const [language] = select(model).instances(LanguageModel).modules();
  const [{ rope }] = select(model).instances(EVAVisionTransformer).modules();
  const sequence = () => language.sequence(modelInputs(golden.prompts(), backend));
  const media = () => mediaOf(model, golden, backend);
  if (module instanceof Flamingo) return [{ ...modelInputs(golden.prompts(), backend), pixelValues: input }];
  if (module instanceof PreNormBlock || module instanceof PostNormBlock) return [input, rope];
  if (module instanceof SubLnAttention) return [input, rope];
  if (module instanceof PerceiverAttention) return [input, latentsBefore(path, input, model, golden, backend)];
  if (module instanceof FlamingoLayer) return [input, media(), sequence()];
  if (module instanceof GatedCrossAttentionBlock || module instanceof MaskedCrossAttention) return [input, media()];
  if (module instanceof DecoderLayer || module instanceof SelfAttention) return [input, sequence()];
  return [input];
}

/** The golden pictures as cross-attention gets them. */
function mediaOf(model: InfiMM, golden: GoldenCase, backend: Backend): Media {
  const { inputIds, pixelValues } = modelInputs(golden.prompts(), backend);
  const seen = load(golden, "activations", model.model.perceiver ? "model.perceiver" : "model.vision_encoder", backend);
  const [b, m] = pixelValues.shape;
  return {
    features: seen.reshape(b, m, ...seen.shape.slice(-2)),
    ...mediaPlaces(inputIds, model.config.image_token_id),
  };
}

/** The latents that a resampler layer begins with: what the layer before it ended with. */
function latentsBefore(path: string, x: Tensor, model: InfiMM, golden: GoldenCase, backend: Backend): Tensor {
  const layer = Number(path.split(".").at(-2));
  const [{ latents }] = select(model).instances(PerceiverResampler).modules();
  if (layer === 0) return repeat(latents, "n d -> b m n d", { b: x.shape[0], m: x.shape[1] });
  const before = path.replace(/\.\d+\.0$/, `.${layer - 1}.1`);
  return load(golden, "module_inputs", before, backend).add(load(golden, "activations", before, backend));
}

function load(golden: GoldenCase, kind: Kind, path: string, backend: Backend): Tensor {
  const { data, shape, dtype } = golden.read(kind, path);
  return fromData(data, shape, dtype, backend);
}
