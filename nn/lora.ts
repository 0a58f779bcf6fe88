import { checked } from "../core/knownNames.ts";
import type { Generator } from "../core/random.ts";
import { InfimmError } from "../core/errors.ts";
import { matmul, scope, type Tensor, zeros } from "../tensor/index.ts";
import { initialize } from "./init.ts";
import { Linear } from "./linear.ts";
import type { Module } from "./module.ts";
import { select } from "./surgery.ts";

/** Options of LoRA. `generator` draws the first weights. */
export interface LoraOptions {
  /** The rank of what is learnt. Default 8. */
  readonly rank?: number;
  /** What is learnt counts alpha / rank. Default: twice the rank. */
  readonly alpha?: number;
  readonly generator: Generator;
}

/**
 * A frozen linear layer and, beside it, one of low rank that learns: y = W x + b + alpha / rank · B A x (Hu et al., "LoRA",
 * 2021). B begins at 0, so that nothing changes at first. Names are those of peft's adapter files.
 */
export class LoraLinear extends Linear {
  lora_A: Linear; // [rank, in]
  lora_B: Linear; // [out, rank]
  readonly scale: number;

  constructor(base: Linear, options: LoraOptions) {
    const { rank = 8, alpha = 2 * rank, generator } = checked("LoraLinear", options, ["rank", "alpha", "generator"]);
    const [out, inside] = base.weight.shape;
    super(inside, out);
    this.weight = base.weight;
    this.bias = base.bias;
    this.scale = alpha / rank;
    this.lora_A = new Linear(inside, rank, { bias: false });
    this.lora_B = new Linear(rank, out, { bias: false });
    const { backend } = base.weight;
    initialize(this.lora_A, generator, { backend }); // as peft: PyTorch's default of Linear
    this.lora_B.setTensor("weight", zeros([out, rank], "f32", backend));
  }

  /** [..., in] -> [..., out] */
  override forward(x: Tensor): Tensor {
    const learnt = this.lora_B.call(this.lora_A.call(x)); // [..., out]
    return super.forward(x).add(learnt.mul(this.scale)); // [..., out]
  }

  /** One plain layer that computes the same. */
  merged(): Linear {
    const { weight, bias, lora_A, lora_B, scale } = this;
    const plain = new Linear(weight.shape[1], weight.shape[0], { bias: bias !== null });
    plain.setTensor("weight", scope(() => weight.add(matmul(lora_B.weight, lora_A.weight).mul(scale)))); // biome-ignore format: one step
    if (bias) plain.bias = bias;
    return plain;
  }
}

/**
 * Give linear layers a part of low rank that learns: all that a pattern names, such as
 * "model.lang_encoder.**.self_attn.*_proj". Freeze the rest with `learning: { patterns: LORA_PATTERNS }`.
 *
 * @returns their paths
 * @throws if the pattern names no linear layer
 */
export function addLora(model: Module, pattern: string, options: LoraOptions): string[] {
  checked("addLora", options, ["rank", "alpha", "generator"]);
  const linears = select(model).at(pattern).instances(Linear);
  const twice = linears.modules().find((module) => module instanceof LoraLinear);
  if (twice) throw new InfimmError(`LoRA: a layer of "${pattern}" has its part of low rank already`);
  const paths = linears.paths();
  linears.replace((base) => new LoraLinear(base, options));
  return paths;
}

/** What learns of a model with LoRA. */
export const LORA_PATTERNS = ["**.lora_A.weight", "**.lora_B.weight"];

/** Make plain layers of all that `addLora` has changed: the model then is as fast as before, and saved as before. */
export function mergeLora(model: Module): void {
  select(model)
    .instances(LoraLinear)
    .replace((layer) => {
      const plain = layer.merged();
      for (const tensor of [layer.weight, layer.lora_A.weight, layer.lora_B.weight]) tensor.dispose();
      return plain;
    });
}
