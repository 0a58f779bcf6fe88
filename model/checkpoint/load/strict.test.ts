import { expect, it } from "vitest";
import { Generator } from "../../../core/random.ts";
import { InfiMM } from "../../infimm.ts";
import { initializeInfiMM } from "../../train/initialize.ts";
import { loadPretrained } from "../pretrained.ts";
import { openWeights } from "../openWeights.ts";
import { loadWeights } from "./loadWeights.ts";

const FOLDER = "golden/fixtures/tiny-zephyr";

it("strict: false takes what fits, leaves the rest, and says which is which", async () => {
  const whole = await loadPretrained(FOLDER);
  const stored = await openWeights(FOLDER);
  const tensors = new Map(stored.tensors);
  const gone = [...tensors.keys()].find((name) => name.endsWith("perceiver.latents"))!;
  const other = [...tensors.keys()].find((name) => name.endsWith("perceiver.norm.weight"))!;
  tensors.delete(gone);
  tensors.set(other, { ...tensors.get(other)!, shape: [1, 2] });
  tensors.set("model.more", { name: "model.more", dtype: "F32", shape: [1] });
  const file = { ...stored, tensors, read: (name: string) => stored.read(name), path: stored.path };
  const model = new InfiMM(whole.config);
  initializeInfiMM(model, new Generator(1));
  const before = await model.model.stateDict().get("perceiver.latents")!.data();
  await expect(loadWeights(model, file)).rejects.toThrow("does not fit the model");
  const report = await loadWeights(model, file, { strict: false });
  expect(report).toEqual({
    missing: ["model.perceiver.latents"],
    unexpected: ["model.more"],
    misshapen: ["model.perceiver.norm.weight"],
  });
  for (const [name, tensor] of model.stateDict()) {
    if (name === "model.perceiver.latents") expect(await tensor.data()).toEqual(before);
    else if (name !== "model.perceiver.norm.weight") expect(await tensor.data(), name).toEqual(await whole.stateDict().get(name)!.data()); // biome-ignore format: one check
  }
  expect(await loadWeights(new InfiMM(whole.config), stored)).toEqual({ missing: [], unexpected: [], misshapen: [] });
  await stored.close();
  await expect(loadPretrained(FOLDER, { strict: false } as object)).rejects.toThrow("there is no option strict");
});
