import { beamSearch } from "../model/generate/beam.ts";
import { generate } from "../model/generate/generate.ts";
import { type InfiMM, languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs } from "../model/inputs.ts";
import { labelsOf } from "../model/train/labels.ts";
import { trace } from "../nn/trace.ts";
import { type Backend, compute, scope, type Tensor, valueAndGrad } from "../tensor/index.ts";
import type { Checker } from "./check.ts";
import type { GoldenCase } from "./load.ts";

/** Every activation, tap and output of the whole model on a case, in the order of computation. */
export async function checkForward(
  model: InfiMM,
  golden: GoldenCase,
  checker: Checker,
  backend: Backend,
): Promise<void> {
  const prompts = golden.prompts();
  const { output, acts } = trace(model, modelInputs(prompts, backend), { keep: ["**", "**:*"] });
  const stored = { activation: new Set(golden.paths("activations")), tap: new Set(golden.paths("taps")) };
  try {
    for (const [path, act] of acts) {
      const kind = path.includes(":") ? "tap" : "activation";
      if (!stored[kind].delete(path)) continue;
      const ours = { data: await act.data(), shape: act.shape };
      checker.values(
        { how: "chain", kind, path },
        ours,
        golden.read(kind === "tap" ? "taps" : "activations", path),
        path,
      );
    }
    for (const kind of ["activation", "tap"] as const) {
      for (const path of stored[kind]) checker.failure({ how: "chain", kind, path }, "our model does not produce it");
    }
    const vocab = output.shape[2];
    const real = prompts.attentionMask.flatMap((row) => Array.from(row));
    const logits = golden.read("outputs", "logits");
    const subject = { how: "chain", kind: "logits", path: "logits" } as const;
    checker.values(
      subject,
      { data: await output.data(), shape: output.shape },
      logits,
      "logits",
      (i) => real[Math.floor(i / vocab)] !== 0,
    );
  } finally {
    for (const act of acts.values()) act.dispose();
    output.dispose();
  }
}

/** The loss, and, where the set has them, its gradients. */
export async function checkLoss(model: InfiMM, golden: GoldenCase, checker: Checker, backend: Backend): Promise<void> {
  const loss = () => lossOf(model, golden, backend);
  const check = async (value: ArrayLike<number>) =>
    checker.values(
      { how: "chain", kind: "loss", path: "loss" },
      { data: value, shape: [] },
      golden.read("outputs", "loss"),
      "loss",
    );
  const parameters = model.parameters();
  if (Object.keys(golden.gradNorms).length === 0) return check(await compute(loss));

  const { value, grads } = scope(() => valueAndGrad(loss, parameters));
  await check(await value.data());
  for (const [path, norm] of Object.entries(golden.gradNorms)) {
    const grad = await grads.get(path)?.data();
    const ours = grad ? Math.hypot(...norms(grad)) : 0;
    checker.values({ how: "chain", kind: "gradient norm", path }, scalar(ours), scalar(norm), `grads/${path}`);
    if (!golden.has("grads", path)) continue;
    const subject = { how: "chain", kind: "gradient", path } as const;
    const stored = golden.read("grads", path);
    if (grad) checker.values(subject, { data: grad, shape: grads.get(path)!.shape }, stored, `grads/${path}`);
    else checker.failure(subject, "the loss does not depend on it here");
  }
  for (const path of golden.paths("grads")) {
    if (!(path in golden.gradNorms))
      checker.failure({ how: "chain", kind: "gradient", path }, "golden.json has no norm of it");
  }
  value.dispose();
  for (const grad of grads.values()) grad.dispose();
}

const scalar = (x: number) => ({ data: [x], shape: [] });

/** Norms of stretches of 1,000 elements: Math.hypot takes no more arguments than fit the stack. */
function norms(values: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (i % 1000 === 0) out.push(0);
    out[out.length - 1] += values[i] * values[i];
  }
  return out.map(Math.sqrt);
}

function lossOf(model: InfiMM, golden: GoldenCase, backend: Backend): Tensor {
  const { inputIds, attentionMask } = golden.prompts();
  const labels = labelsOf(inputIds, { imageTokenId: model.config.image_token_id, attentionMask });
  return languageModelLoss(model.call(modelInputs(golden.prompts(), backend)), idTensor(labels, backend));
}

/** How far the original searched for `beam3_ids`; it may have found an end before. */
const BEAM_TOKENS = 6;

/** Decoding with a cache, greedy and with 3 beams: ids, which must be equal. */
export async function checkDecoding(model: InfiMM, golden: GoldenCase, checker: Checker): Promise<void> {
  for (const path of ["greedy_ids", "batch_greedy_ids"]) {
    if (!golden.has("outputs", path)) continue;
    const expected = golden.rows("outputs", path);
    const rows = await generate(model, golden.prompts(), { maxNewTokens: expected[0].length, imageToken: "emulate" });
    for (const [i, row] of expected.entries()) {
      checker.ids(expected.length > 1 ? `${path}[${i}]` : path, rows[i], row);
    }
  }
  if (golden.has("outputs", "beam3_ids")) {
    const [expected] = golden.rows("outputs", "beam3_ids");
    const options = { beams: 3, lengthPenalty: 0, maxNewTokens: BEAM_TOKENS };
    const [[best]] = await beamSearch(model, golden.prompts(), options);
    checker.ids("beam3_ids", best.ids, expected);
  }
}
