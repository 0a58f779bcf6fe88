import { encodeFloats } from "../../../core/dtype.ts";
import { fnv1a } from "../../../core/random.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Module } from "../../../nn/module.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { fillFromTable, normalTable } from "./normalTable.ts";

/**
 * Seeded bf16 weights for every parameter of a model, under its names: a checkpoint of real shapes where the real one
 * is not at hand. Nothing it says makes sense, but it loads, converts and runs like any other.
 *
 * Values are normal numbers, as trained weights nearly are: matrices with deviation 1/√(inputs), so that activations
 * keep their size from layer to layer; norm weights round 1; everything else with deviation 0.02. Element i of a
 * tensor depends on the seed, the tensor's name and i only. Each tensor is made when its turn to be written comes.
 */
export function synthesize(model: Module, seed = 0): TensorToWrite[] {
  const normals = normalTable();
  return [...model.parameters()].map(([name, { shape }]) => ({
    name,
    dtype: "bf16",
    shape: [...shape],
    data() {
      const [centre, deviation] = distributionOf(name, shape);
      const table = encodeFloats(
        "bf16",
        Float32Array.from(normals, (x) => centre + deviation * x),
      );
      const out = new Uint16Array(sizeOf(shape));
      fillFromTable(out, table, fnv1a(`${seed} ${name}`));
      return out;
    },
  }));
}

/** Mean and standard deviation of a parameter, by its name and shape. */
function distributionOf(name: string, shape: readonly number[]): [centre: number, deviation: number] {
  const isVector = shape.length === 1;
  if (name.endsWith("gate")) return [0.5, 0]; // so that pictures have a say
  if (isVector && name.endsWith("weight")) return [1, 0.02];
  if (!isVector && name.endsWith("weight")) return [0, 1 / Math.sqrt(sizeOf(shape.slice(1)))];
  return [0, 0.02];
}
