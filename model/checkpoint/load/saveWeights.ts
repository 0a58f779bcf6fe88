import { checked } from "../../../core/knownNames.ts";
import { type DType, isFloat, isQuantized } from "../../../core/dtype.ts";
import type { Module } from "../../../nn/module.ts";
import type { Tensor } from "../../../tensor/index.ts";
import { storeAs } from "../convert/storeAs.ts";
import { tiedNames } from "./tiedNames.ts";
import { writeSafetensors } from "../safetensors/writeSafetensors.ts";

/**
 * Write a model's parameters and buffers under PyTorch's names (Node). One tensor at a time is in memory. Tied weights
 * are written once; the metadata list their other names, as safetensors.torch.save_model does it.
 *
 * @param dtype what floats are stored as; default: as each is now
 */
export async function saveWeights(
  model: Module,
  path: string,
  options: { dtype?: "f32" | "f16" | "bf16" } = {},
): Promise<void> {
  const { dtype } = checked("saveWeights", options, ["dtype"]);
  const tied = tiedNames(model);
  const once = [...model.stateDict()].filter(([name]) => !tied.has(name));
  const tensors = once.map(([name, tensor]) => {
    const stored = dtype && isFloat(tensor.dtype) ? dtype : tensor.dtype;
    return { name, dtype: stored, shape: [...tensor.shape], data: () => bitsOf(name, tensor, stored) };
  });
  await writeSafetensors(path, tensors, { metadata: { format: "pt", ...Object.fromEntries(tied) } });
}

/** A tensor's elements as they are written. Throws InfimmError for a finite number that `dtype` cannot hold. */
async function bitsOf(name: string, tensor: Tensor, dtype: DType) {
  if (isQuantized(tensor.dtype)) return tensor.bits();
  const data = await tensor.data();
  if (dtype !== "f16" && dtype !== "bf16") return data;
  return storeAs({ dtype: "f32", shape: tensor.shape, data }, dtype, name);
}
