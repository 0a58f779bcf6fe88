import { expect } from "vitest";
import { generate } from "../model/generate/generate.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import type { Backend } from "../tensor/index.ts";
import { checkForward } from "./chain.ts";
import { Checker } from "./check.ts";
import { BARS } from "./compare.ts";
import { diagnose } from "./diagnose.ts";
import { openGoldenSet } from "./load.ts";

/** That infimm-tiny has PyTorch's activations, taps and first words on a backend. */
export async function computesTiny(backend: Backend): Promise<void> {
  const set = await openGoldenSet("model/infimm-tiny");
  const golden = set.cases.find(({ name }) => name === "picture")!;
  const checker = new Checker(set.name, golden, BARS[backend.name]);
  const model = await loadPretrained("model/infimm-tiny", { backend });
  await checkForward(model, golden, checker, backend);
  const [ids] = golden.rows("outputs", "greedy_ids");
  const [ours] = await generate(model, golden.prompts(), { maxNewTokens: 3, imageToken: "emulate" });
  model.dispose();
  expect(ours).toEqual(ids.slice(0, 3));
  expect(diagnose(checker.checks)?.text).toBeUndefined();
  expect(checker.checks.length).toBeGreaterThan(golden.paths("activations").length + golden.paths("taps").length);
}
