import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { FileFormatError } from "../../core/errors.ts";
import { openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { WeightFile } from "./weightFile.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * The weights of a model (Node): a `.safetensors` file, a `.safetensors.index.json` with its shards, or a folder
 * that holds `model.safetensors` or else `model.safetensors.index.json`, as transformers saves them.
 *
 * Throws FileFormatError that says what is there instead, and how to convert PyTorch's `.bin`.
 */
export async function openWeights(folderOrFile: string): Promise<WeightFile> {
  const found = await stat(folderOrFile).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file or folder" : error.message;
    throw new FileFormatError(`${folderOrFile}: ${why}`);
  });
  if (!found.isDirectory()) return openFile(folderOrFile);

  const names = await readdir(folderOrFile);
  const name = [SINGLE, INDEX].find((wanted) => names.includes(wanted)) ?? names.find(isPickle);
  if (name !== undefined) return openFile(join(folderOrFile, name));
  const others = names.filter((other) => other.endsWith(".safetensors"));
  const hint = others.length > 0 ? `; it has ${others.slice(0, 5).join(", ")}: name one of them` : "";
  throw new FileFormatError(`${folderOrFile}: has neither ${SINGLE} nor ${INDEX}${hint}`);
}

const isPickle = (name: string): boolean => /^pytorch_model.*\.bin(\.index\.json)?$|\.(bin|pt|pth|ckpt)$/.test(name);

function openFile(path: string): Promise<WeightFile> {
  if (path.endsWith(".safetensors")) return openSafetensors(path);
  if (path.endsWith(".safetensors.index.json")) return openSharded(path);
  if (isPickle(basename(path))) throw new FileFormatError(howToConvert(path));
  throw new FileFormatError(
    `${path}: expected a .safetensors file, a .safetensors.index.json, or a folder that holds one`,
  );
}

/** `clone()` matters: InfiMM stores tensors under several names, and safetensors refuses shared memory. */
function howToConvert(path: string): string {
  const script =
    "import sys, torch; from safetensors.torch import save_file; " +
    "w = torch.load(sys.argv[1], map_location='cpu', weights_only=True); " +
    "save_file({k: v.clone().contiguous() for k, v in w.items()}, sys.argv[2])";
  return (
    `${path}: is a PyTorch pickle, which is not read yet. Convert it once, with pip install torch safetensors:\n` +
    `  python -c "${script}" ${basename(path)} ${SINGLE}`
  );
}
