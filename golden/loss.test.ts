import { expect, test } from "vitest";
import type { GatedCrossAttentionBlock } from "../model/crossAttention/gatedCrossAttentionBlock.ts";
import { type InfiMM, languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs } from "../model/inputs.ts";
import { loadPretrained } from "../model/checkpoint/pretrained.ts";
import { labelsOf } from "../model/train/labels.ts";
import { getBackend, noGrad, scope, type Tensor, valueAndGrad } from "../tensor/index.ts";
import { Checker } from "./check.ts";
import { BARS } from "./compare.ts";
import { diagnose } from "./diagnose.ts";
import { openGoldenSet } from "./load.ts";
import { checkLoss } from "./loss.ts";

const folder = "golden/fixtures/tiny-hd";
const cpu = getBackend("cpu");
const golden = (await openGoldenSet(folder)).cases.find(({ name }) => name === "interleaved")!;

/** What `checkLoss` finds in a model. */
async function check(model: InfiMM) {
  const checker = new Checker("tiny-hd", golden, BARS.cpu);
  await checkLoss(model, golden, checker, cpu);
  return checker.checks;
}

test("the parameters with a gradient are those of PyTorch: all but the frozen tower's", async () => {
  const model = await loadPretrained(folder, { backend: cpu });
  const { inputIds, attentionMask } = golden.prompts();
  const labels = labelsOf(inputIds, { imageTokenId: model.config.image_token_id, attentionMask });
  const { grads } = scope(() =>
    valueAndGrad(
      () => languageModelLoss(model.call(modelInputs(golden.prompts(), cpu)), idTensor(labels, cpu)),
      model.parameters(),
    ),
  );
  expect([...grads.keys()].sort()).toEqual(Object.keys(golden.gradNorms).sort());
});

test("caught: a wrong derivative behind a right value", async () => {
  const model = await loadPretrained(folder, { backend: cpu });
  const block = model.moduleAt("model.lang_encoder.model.layers.7.gated_cross_attn_layer") as GatedCrossAttentionBlock;
  const ff = block.ff.forward.bind(block.ff);
  block.ff.forward = (x: Tensor) => ff(noGrad(() => x.mul(1))); // the branch passes nothing back to its input
  const checks = await check(model);
  expect(checks.find(({ kind }) => kind === "loss")!.passed).toBe(true);
  const first = diagnose(checks)!.first;
  expect(first.kind).toBe("gradient norm");
  expect(diagnose(checks)!.causes).toContain("the vjp of an op on the way");
  const failed = checks.filter(({ passed }) => !passed).map(({ path }) => path);
  expect(failed).not.toContain("model.lang_encoder.lm_head.weight"); // what comes after the fault is right
  expect(failed).toContain("model.lang_encoder.model.layers.0.decoder_layer.mlp.up_proj.weight");
});
