import { checked } from "../core/knownNames.ts";
import { InfimmError } from "../core/errors.ts";
import type { Generator } from "../core/random.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { type Backend, fromData, getBackend, Tensor } from "../tensor/index.ts";
import { Conv2d } from "./conv2d.ts";
import { Embedding } from "./embedding.ts";
import { globToRegExp } from "./glob.ts";
import { GroupNorm } from "./groupNorm.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import type { Module } from "./module.ts";
import { MultiheadAttention } from "./multiheadAttention.ts";
import { RMSNorm } from "./rmsNorm.ts";

/**
 * How a tensor begins: its elements, row-major. Named after torch.nn.init, without the underscore: nothing is changed
 * in place.
 */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

/** Every element is `value`. */
export function constant(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Uniform in [low, high). */
export function uniform(low: number, high: number): Initializer {
  return (shape, generator) => draw(shape, () => low + (high - low) * generator.uniform());
}

/** A normal distribution. */
export function normal(mean = 0, std = 1): Initializer {
  return (shape, generator) => draw(shape, () => mean + std * generator.normal());
}

/** A normal distribution without what lies outside [low, high], which are values, not multiples of `std`. */
export function truncNormal(mean = 0, std = 1, low = -2, high = 2): Initializer {
  if (!(low < high) || mean < low - 2 * std || mean > high + 2 * std) {
    throw new InfimmError(`truncNormal: [${low}, ${high}] is more than two std from the mean ${mean}, or empty`);
  }
  return (shape, generator) =>
    draw(shape, () => {
      for (;;) {
        const value = mean + std * generator.normal();
        if (value >= low && value <= high) return value;
      }
    });
}

/** Uniform in ± sqrt(6 / ((1 + a²) · fan-in)); fan-in: elements of a row. a = √5, ± 1/sqrt(fan-in), is Linear's default. */
export function kaimingUniform(a = 0): Initializer {
  return (shape, generator) => {
    const bound = Math.sqrt(6 / ((1 + a * a) * sizeOf(shape.slice(1))));
    return uniform(-bound, bound)(shape, generator);
  };
}

/** Uniform in ± gain · sqrt(6 / (fan-in + fan-out)) of a matrix [out, in]. */
export function xavierUniform(gain = 1): Initializer {
  return (shape, generator) => {
    const bound = gain * Math.sqrt(6 / (sizeOf(shape.slice(1)) + shape[0] * sizeOf(shape.slice(2))));
    return uniform(-bound, bound)(shape, generator);
  };
}

/**
 * Give every parameter and buffer its first value: by `rules`, pattern of paths (glob.ts) -> initializer, of which the
 * last that matches counts; else as PyTorch initialises Linear, Conv2d, Embedding, MultiheadAttention and norms.
 *
 *     initialize(model, new Generator(1), { rules: { "**.latents": normal(), "**.*_gate": constant(0) } });
 *
 * @throws before anything is changed, if neither has a value for some tensors; it names them all
 */
export function initialize(
  module: Module,
  generator: Generator,
  options: { rules?: Readonly<Record<string, Initializer>>; backend?: Backend } = {},
): void {
  const { rules = {}, backend = getBackend() } = checked("initialize", options, ["rules", "backend"]);
  const matchers = Object.entries(rules).map(([pattern, rule]) => ({ matcher: globToRegExp(pattern), rule }));
  const chosen = new Map<string, Initializer | undefined>();
  const projections = new Set<Module>(); // of attention: PyTorch begins their biases at 0
  const seen = new Set<Tensor>(); // what is tied begins as its first place says
  for (const [path, owner] of module.modules()) {
    if (owner instanceof MultiheadAttention) projections.add(owner.out_proj);
    for (const [name, value] of Object.entries(owner)) {
      if (!(value instanceof Tensor) || seen.has(value)) continue;
      seen.add(value);
      const full = path === "" ? name : `${path}.${name}`;
      const rule = matchers.findLast(({ matcher }) => matcher.test(full))?.rule;
      chosen.set(full, rule ?? (name === "bias" && projections.has(owner) ? constant(0) : defaultOf(owner, name)));
    }
  }
  const homeless = [...chosen].flatMap(([path, rule]) => (rule ? [] : [path]));
  if (homeless.length > 0) throw new InfimmError(`initialize: give rules for ${homeless.join(", ")}`);
  const state = module.stateDict();
  for (const [path, rule] of chosen) {
    const { shape } = state.get(path)!;
    module.setTensor(path, fromData(rule!(shape, generator), shape, "f32", backend));
  }
}

/** What torch.nn does. */
function defaultOf(owner: Module, name: string): Initializer | undefined {
  if (owner instanceof Linear || owner instanceof Conv2d) {
    const fanIn = sizeOf(owner.weight.shape.slice(1));
    return name === "weight" ? kaimingUniform(Math.sqrt(5)) : uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
  }
  if (owner instanceof Embedding) return normal();
  if (owner instanceof MultiheadAttention) return name === "in_proj_weight" ? xavierUniform() : constant(0);
  if (owner instanceof LayerNorm || owner instanceof RMSNorm || owner instanceof GroupNorm)
    return constant(name === "weight" ? 1 : 0);
  return undefined;
}

function draw(shape: Shape, one: () => number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, one);
}
