import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InfiMM } from "../../infimm.ts";
import { loadPretrained } from "../pretrained.ts";
import { loadWeights } from "./loadWeights.ts";
import { openSafetensors } from "../safetensors/safetensors.ts";
import { saveWeights } from "./saveWeights.ts";

test("what is saved loads again, bit for bit, whatever aliases it was loaded from", async () => {
  const folder = await mkdtemp(join(tmpdir(), "infimm-"));
  try {
    for (const set of ["tiny-llama", "tiny-hd"]) {
      const model = await loadPretrained(`golden/fixtures/${set}`);
      const path = join(folder, `${set}.safetensors`);
      await saveWeights(model, path);
      const again = new InfiMM(model.config);
      const file = await openSafetensors(path);
      await loadWeights(again, file);
      await file.close();
      for (const [name, tensor] of model.stateDict()) {
        const other = again.stateDict().get(name)!;
        expect(other.dtype, name).toBe(tensor.dtype);
        expect(await other.data(), name).toEqual(await tensor.data());
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a number that f16 cannot hold is refused", async () => {
  const { Linear } = await import("../../../nn/index.ts");
  const { fromData } = await import("../../../tensor/index.ts");
  const layer = new Linear(2, 1, { bias: false });
  layer.setTensor("weight", fromData(Float32Array.of(1, 70000), [1, 2], "f32"));
  const path = join(tmpdir(), "infimm-never.safetensors");
  await expect(saveWeights(layer, path, { dtype: "f16" })).rejects.toThrow(
    /"weight": element 1 is 70000, and f16 ends/,
  );
});

test("floats can be stored narrower", async () => {
  const folder = await mkdtemp(join(tmpdir(), "infimm-"));
  try {
    const path = join(folder, "model.safetensors");
    await saveWeights(await loadPretrained("golden/fixtures/tiny-zephyr"), path, { dtype: "f16" });
    const file = await openSafetensors(path);
    expect(new Set([...file.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["F16"]));
    await file.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
