import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileFormatError } from "../../core/errors.ts";
import { openWeights } from "./openWeights.ts";
import { writeSafetensors } from "./safetensors/writeSafetensors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-weights-"));
});
afterEach(() => rm(folder, { recursive: true }));

const save = (file: string, values: Record<string, number>): Promise<void> =>
  writeSafetensors(
    join(folder, file),
    Object.entries(values).map(([name, v]) => ({ name, dtype: "f32", shape: [1], data: () => new Float32Array([v]) })),
    { metadata: { format: "pt" } },
  );
const saveIndex = (index: unknown): Promise<void> =>
  writeFile(
    join(folder, "model.safetensors.index.json"),
    typeof index === "string" ? index : JSON.stringify({ metadata: { total_size: 8 }, weight_map: index }),
  );

describe("openWeights", () => {
  it("opens a file, a folder with one, and an index with its shards", async () => {
    await save("model-1.safetensors", { a: 1, b: 2 });
    await save("model-2.safetensors", { c: 3 });
    await saveIndex({ a: "model-1.safetensors", b: "model-1.safetensors", c: "model-2.safetensors" });
    for (const path of [folder, join(folder, "model.safetensors.index.json")]) {
      const file = await openWeights(path);
      expect([...file.tensors.keys()]).toEqual(["a", "b", "c"]);
      expect(file.metadata).toEqual({ format: "pt" });
      expect([...(await file.read("c")).data, ...(await file.read("b")).data]).toEqual([3, 2]);
      await expect(file.read("d")).rejects.toThrow('has no tensor "d"');
      await file.close();
    }
    await save("model.safetensors", { whole: 4 });
    for (const path of [folder, join(folder, "model.safetensors")]) {
      const file = await openWeights(path);
      expect([...file.tensors.keys()]).toEqual(["whole"]);
      await file.close();
    }
  });

  it.each<[string, unknown, RegExp]>([
    ["a missing shard", { a: "model-1.safetensors", c: "gone.safetensors" }, /gone\.safetensors, which holds 1 of 2/],
    ["a shard without the tensor", { z: "model-1.safetensors" }, /"z" is in model-1\.safetensors, but it is not there/],
    ["a shard outside the folder", { a: "../model-1.safetensors" }, /"a": expected the name.*got "\.\.\/model/],
    ["a shard that is no name", { a: 3 }, /"a": expected the name.*got number/],
    ["no weight_map", "{}", /expected an object "weight_map"/],
    ["broken JSON", "{", /cannot be read as an index/],
    ["a name twice", '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', /"a" stands twice/],
  ])("refuses %s", async (_, index, message) => {
    await save("model-1.safetensors", { a: 1 });
    await saveIndex(index);
    const opened = openWeights(folder);
    await expect(opened).rejects.toThrow(FileFormatError);
    await expect(opened).rejects.toThrow(message);
  });

  it("says what is there instead", async () => {
    await expect(openWeights(join(folder, "none"))).rejects.toThrow("no such file or folder");
    await expect(openWeights(folder)).rejects.toThrow("has none of model.safetensors, model.safetensors.index.json");
    await mkdir(join(folder, "other"));
    await writeFile(join(folder, "notes.txt"), "");
    await expect(openWeights(join(folder, "notes.txt"))).rejects.toThrow("expected a .safetensors, .bin or .pt file");
    await save("lora.safetensors", { a: 1 });
    await expect(openWeights(folder)).rejects.toThrow("it has lora.safetensors: name one of them");
  });
});
