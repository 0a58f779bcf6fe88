import { type InfiMM, languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs } from "../model/inputs.ts";
import { labelsOf } from "../model/train/labels.ts";
import { type Backend, compute, scope, type Tensor, valueAndGrad } from "../tensor/index.ts";
import type { Checker } from "./check.ts";
import type { GoldenCase } from "./set.ts";

/** The loss, and, where the set has them and they are asked for, its gradients. */
export async function checkLoss(
  model: InfiMM,
  golden: GoldenCase,
  checker: Checker,
  backend: Backend,
  gradients = true,
): Promise<void> {
  const loss = () => lossOf(model, golden, backend);
  const check = (value: ArrayLike<number>) => {
    if (!golden.has("outputs", "loss")) return;
    const subject = { how: "chain", kind: "loss", path: "loss" } as const;
    checker.values(subject, { data: value, shape: [] }, golden.read("outputs", "loss"), "loss");
  };
  const wanted = new Set(gradients ? [...Object.keys(golden.gradNorms), ...golden.paths("grads")] : []);
  if (wanted.size === 0) return check(await compute(loss));

  const parameters = model.parameters();
  const { value, grads } = scope(() => valueAndGrad(loss, parameters));
  check(await value.data());
  for (const path of wanted) await checkGradient(path, parameters.has(path), grads.get(path), golden, checker);
  value.dispose();
  for (const grad of grads.values()) grad.dispose();
}

/** A parameter's gradient and its norm, whichever is stored. Without a gradient of ours, the norm is 0. */
async function checkGradient(
  path: string,
  known: boolean,
  grad: Tensor | undefined,
  golden: GoldenCase,
  checker: Checker,
): Promise<void> {
  const ours = grad ? { data: await grad.data(), shape: grad.shape } : undefined;
  const norm = golden.gradNorms[path];
  if (norm !== undefined) {
    const subject = { how: "chain", kind: "gradient norm", path } as const;
    if (known)
      checker.values(subject, scalar(ours ? Math.hypot(...norms(ours.data)) : 0), scalar(norm), `grads/${path}`);
    else checker.failure(subject, "our model has no such parameter");
  }
  if (golden.has("grads", path)) {
    const subject = { how: "chain", kind: "gradient", path } as const;
    if (ours) checker.values(subject, ours, golden.read("grads", path), `grads/${path}`);
    else checker.failure(subject, known ? "the loss does not depend on it here" : "our model has no such parameter");
  }
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
