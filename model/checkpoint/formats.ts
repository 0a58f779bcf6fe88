/** How weights are called in a model's folder, in the order of preference: what transformers saves. */
export const WEIGHT_FILES = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

export type WeightFormat = "safetensors" | "torch" | "index";

/** The format of a weight file by its name, or undefined. */
export function formatOf(name: string): WeightFormat | undefined {
  if (name.endsWith(".safetensors")) return "safetensors";
  if (/\.(bin|pt|pth|ckpt)$/.test(name)) return "torch";
  if (/\.(safetensors|bin)\.index\.json$/.test(name)) return "index";
  return undefined;
}
