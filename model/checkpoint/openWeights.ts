import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileFormatError } from "../../core/errors.ts";
import { BEGINNING_BYTES, whatIsIt } from "../files/whatIsIt.ts";
import { openFileSource } from "./fileSource.ts";
import { folderKind } from "./folderKind.ts";
import { formatOf, WEIGHT_FILES } from "./formats.ts";
import { openSafetensors, openWith } from "./safetensors/safetensors.ts";
import { MAX_HEADER_BYTES } from "./safetensors/safetensorsHeader.ts";
import { readSharded } from "./safetensors/sharded.ts";
import type { WeightFile } from "./weightFile.ts";

/**
 * The weights of a model (Node): a `.safetensors` file; a file of torch.save (`.bin`, `.pt`, `.pth`, `.ckpt`); an
 * `….index.json` of either with its shards; or a folder that holds one of these as transformers calls it.
 *
 * Throws FileFormatError that says what is there instead.
 */
export async function openWeights(folderOrFile: string): Promise<WeightFile> {
  const found = await stat(folderOrFile).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file or folder" : error.message;
    throw new FileFormatError(`${folderOrFile}: ${why}`);
  });
  if (!found.isDirectory()) return openFile(folderOrFile);

  const names = await readdir(folderOrFile);
  const name = WEIGHT_FILES.find((wanted) => names.includes(wanted));
  if (name !== undefined) return openFile(join(folderOrFile, name));
  const others = names.filter((other) => formatOf(other) !== undefined);
  const choice = others.length > 0 ? `; it has ${others.slice(0, 5).join(", ")}: name one of them` : "";
  const kind = folderKind(names);
  throw new FileFormatError(
    `${folderOrFile}: has none of ${WEIGHT_FILES.join(", ")}${choice}${kind ? `; ${kind}` : ""}`,
  );
}

async function openFile(path: string): Promise<WeightFile> {
  switch (formatOf(path)) {
    case "safetensors":
      return openSafetensors(path);
    case "torch": {
      const { readTorch } = await import("./torch/torchFile.ts"); // with its zip and pickle readers, which few need
      return openWith(readTorch, path);
    }
    case "index":
      return readSharded(await readIndex(path), path, async (file) => {
        const shard = join(dirname(path), file);
        return (await stat(shard).catch(() => undefined)) && openFile(shard);
      });
    default: {
      const what = await beginningOf(path).then(
        (start) => whatIsIt(start),
        () => undefined,
      );
      const expected = "expected a .safetensors, .bin or .pt file, their .index.json, or a folder that holds one";
      throw new FileFormatError(`${path}: ${expected}${what ? `; ${what}` : ""}`);
    }
  }
}

async function beginningOf(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path);
  try {
    return await source.read(0, Math.min(BEGINNING_BYTES, source.size));
  } finally {
    await source.close();
  }
}

async function readIndex(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error("it is not a file");
    if (found.size > MAX_HEADER_BYTES) throw new Error(`${found.size} bytes is too large for an index`);
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FileFormatError(`${path}: cannot be read as an index: ${(error as Error).message}`);
  }
}
