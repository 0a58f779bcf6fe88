import { fnv1a, mulberry32 } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import type { Module } from "../nn/module.ts";
import { fromData, type Tensor } from "../tensor/index.ts";

/**
 * Weights at real width, from counter-based random numbers that golden/export/recipe.py makes too, so that neither
 * side ships gigabytes. The rules are in golden/fixtures/real-width/README.md.
 *
 * @param block what the streams of its parameters are called: `<block>/<path>`
 */
export function recipeWeights(module: Module, block: string): void {
  for (const [path, { shape }] of module.parameters()) {
    const scale = path.endsWith("gate") ? 0.5 : shape.length >= 2 ? 1.5 / Math.sqrt(sizeOf(shape.slice(1))) : 0.1;
    const centre = shape.length === 1 && path.endsWith("weight") ? 1 : 0;
    module.setTensor(path, stream(`${block}/${path}`, shape, centre, scale));
  }
}

/** An input of a block: numbers in [-1, 1). */
export function recipeInput(key: string, shape: readonly number[]): Tensor {
  return stream(key, shape, 0, 1);
}

/** Pictures [b, m, ...], numbers in [-1, 1): row r has `present[r]` of them, and zeros for the others. */
export function recipePixels(key: string, shape: readonly number[], present: readonly number[]): Float32Array {
  const [rows, pictures] = shape;
  const values = numbers(key, shape, 0, 1);
  const size = values.length / (rows * pictures);
  present.forEach((count, row) => {
    values.fill(0, (row * pictures + count) * size, (row + 1) * pictures * size);
  });
  return values;
}

function stream(key: string, shape: readonly number[], centre: number, scale: number): Tensor {
  return fromData(numbers(key, shape, centre, scale), shape);
}

/** centre + scale · r for the numbers r of a stream, each rounded once. Up to 58 million at a time: a plain loop. */
function numbers(key: string, shape: readonly number[], centre: number, scale: number): Float32Array {
  const seed = fnv1a(key);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = centre + scale * (mulberry32(seed, i) / 2 ** 31 - 1);
  return values;
}

/**
 * The rule of the specification's Appendix A, which the tiny sets use too (golden/export/recipe.py: weight_value): the
 * stream of a parameter is called by its path alone, and its ending says how the numbers are used.
 *
 * @param nameOf the original's path of what is at `path` here
 */
export function tinyWeights(module: Module, nameOf = (path: string) => path): void {
  for (const [path, { shape }] of module.parameters()) {
    const isScale = shape.length === 1 && path.endsWith("weight");
    const scale = isScale || path.endsWith("bias") ? 0.1 : path.endsWith("gate") ? 0.5 : 0.2;
    module.setTensor(path, stream(nameOf(path), shape, isScale ? 1 : 0, scale));
  }
}
