import { idTensor } from "../../../model/inputs.ts";
import { languageModelLoss } from "../../../model/infimm.ts";
import type { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import { connectorParameters } from "../../../model/train/freeze.ts";
import { AdamW } from "../../../nn/optim/adamW.ts";
import { compute, type Tensor, valueAndGrad } from "../../../tensor/index.ts";
import { eventLoop } from "../../../model/generate/eventLoop.ts";
import { gatesOf, openingsOf, shut, withGates } from "./gates.ts";
import { rounded, type Study } from "./study.ts";

export interface TrainingParams {
  readonly steps: number;
  readonly lr: number;
}

export interface TrainingStep {
  readonly loss: number;
  /** How far the gates are open, in the order of `paths`. */
  readonly open: readonly number[];
}

export interface Training {
  readonly paths: readonly string[];
  /** The state before each step, and after the last. */
  readonly steps: readonly TrainingStep[];
  /** What the model says with all gates at 0, and after the training. */
  readonly before: string;
  readonly after: string;
  /** What it is trained to say: what it said with the gates that it came with. */
  readonly target: string;
  /** The largest gradient, at the first step, of a gate and of any other weight of resampler and cross-attention. */
  readonly firstGradients: { readonly gates: number; readonly others: number; readonly count: number };
}

/** Labels that do not count. */
const IGNORED = -100;

/** Everything is frozen but the gates, which begin at 0: they learn to say one answer. */
export const training: Study<Training, TrainingParams> = {
  async measure(session, asked, { steps, lr }, { signal, tell }) {
    const { model } = session;
    const study = await session.study(asked, { signal });
    const prompts = await session.prompts(asked);
    const target = await session.say(prompts, signal);
    const labels = [study.ids.map((id, i) => (i < study.start ? IGNORED : id))];
    using _ = withGates(model, shut(await openingsOf(model)));
    const before = await session.say(prompts, signal);
    const gates = gatesOf(model);
    const loss = () => lossOf(study, labels, study.media);
    const firstGradients = await gradientsOf(study, () => lossOf(study, labels, model.model.resample(study.visionFeatures))); // biome-ignore format: one line
    const optimizer = new AdamW(gates, { lr, weightDecay: 0 });
    const history: TrainingStep[] = [];
    const paths = [...gates.keys()];
    for (let step = 0; step <= steps; step++) {
      await eventLoop();
      signal?.throwIfAborted();
      const open = Object.values(await openingsOf(model));
      const { value, grads } = valueAndGrad(loss, gates);
      if (step < steps) optimizer.step(grads);
      history.push({ loss: rounded(await value.item()), open });
      for (const tensor of [value, ...grads.values()]) tensor.dispose();
      tell?.({ share: step / steps, data: { paths, steps: [...history], before, after: "…", target, firstGradients } });
    }
    return { paths, steps: history, before, after: await session.say(prompts, signal), target, firstGradients };
  },
};

function lossOf(study: StudiedAnswer, labels: number[][], features: Tensor): Tensor {
  const { model } = study;
  const logits = model.call({ inputIds: study.inputIds(), features }); // [1, t, vocab]
  return languageModelLoss(logits, idTensor(labels, model.backend));
}

/** With shut gates nothing but the gates can learn: all else is multiplied by tanh(0). */
async function gradientsOf(study: StudiedAnswer, loss: () => Tensor): Promise<Training["firstGradients"]> {
  const parameters = connectorParameters(study.model);
  const { value, grads } = valueAndGrad(loss, parameters);
  value.dispose();
  const found = { gates: 0, others: 0, count: 0 };
  for (const [path, grad] of grads) {
    const [largest] = await compute(() => grad.abs().amax());
    grad.dispose();
    if (path.endsWith("_gate")) found.gates = Math.max(found.gates, rounded(largest));
    else {
      found.others = Math.max(found.others, largest);
      found.count++;
    }
  }
  return found;
}
