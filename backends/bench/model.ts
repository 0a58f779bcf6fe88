import { spawnSync } from "node:child_process";
import { Generator } from "../../core/random.ts";
import { loadPretrained } from "../../model/checkpoint/pretrained.ts";
import { type InfiMM, languageModelLoss } from "../../model/infimm.ts";
import { idTensor, modelInputs, type Prompts } from "../../model/inputs.ts";
import { connectorWeightDecay } from "../../model/train/decay.ts";
import { connectorParameters } from "../../model/train/freeze.ts";
import { labelsOf } from "../../model/train/labels.ts";
import { AdamW, clipGradNorm } from "../../nn/index.ts";
import { getBackend, scope, valueAndGrad } from "../../tensor/index.ts";
import "../register.ts";
import { inTurns, median } from "./turns.ts";

const FOLDER = "model/infimm-tiny";

interface Line {
  readonly what: string;
  readonly run: () => unknown;
}

/** `batch` prompts of `tokens` random tokens, each with a picture of noise. */
function randomPrompts({ config }: InfiMM, batch: number, tokens: number): Prompts {
  const generator = new Generator(`${batch} x ${tokens}`);
  const size = config.visual.image_size;
  const inputIds = Array.from({ length: batch }, () =>
    Int32Array.from({ length: tokens }, (_, i) =>
      i === 0 ? 1 : i === 1 ? config.image_token_id : 3 + Math.floor(700 * generator.uniform()),
    ),
  );
  const pixelValues = Float32Array.from({ length: batch * 3 * size * size }, () => 2 * generator.uniform() - 1);
  return {
    inputIds,
    attentionMask: inputIds.map((row) => row.map(() => 1)),
    pixelValues,
    pixelShape: [batch, 1, 1, 3, size, size],
  };
}

/** A step of the connector's training: loss, gradients, clipping and AdamW. */
function trainingStep(model: InfiMM, batch: number, tokens: number): () => void {
  const { backend } = model;
  const prompts = randomPrompts(model, batch, tokens);
  const labels = labelsOf(prompts.inputIds, { imageTokenId: model.config.image_token_id });
  const parameters = connectorParameters(model);
  const optimizer = new AdamW(parameters, { lr: 1e-4, weightDecay: connectorWeightDecay(0.1) });
  const loss = () => languageModelLoss(model.call(modelInputs(prompts, backend)), idTensor(labels, backend));
  return () =>
    scope(() => {
      const { grads } = valueAndGrad(loss, parameters);
      clipGradNorm(grads, 1);
      optimizer.step(grads);
    });
}

function forward(model: InfiMM, batch: number, tokens: number): () => void {
  const prompts = randomPrompts(model, batch, tokens);
  return () => scope(() => void model.call(modelInputs(prompts, model.backend)));
}

/** A process of its own, from its start to infimm-tiny's first answer. */
function startUp(): void {
  const ask = ["--import", "tsx", "bin/infimm.ts", "ask", `${FOLDER}/pictures/dog.png`, "What is this?"];
  const { status, stderr } = spawnSync(process.execPath, ask, { encoding: "utf8" });
  if (status !== 0) throw new Error(`infimm ask failed: ${stderr}`);
}

function lines(model: InfiMM): Line[] {
  return [
    { what: "start-up: process to first answer, from TypeScript", run: startUp },
    ...[64, 128, 256, 512].map((tokens) => ({ what: `forward, 1 x ${tokens} tokens`, run: forward(model, 1, tokens) })),
    { what: "forward, 4 x 64 tokens", run: forward(model, 4, 64) },
    ...[1, 2, 4, 8, 16, 32].map((batch) => ({ what: `training step, connector, ${batch} x 64 tokens`, run: trainingStep(model, batch, 64) })), // biome-ignore format: one line
  ];
}

/** infimm-tiny as a whole on wasm: start-up, how a forward grows with tokens, a training step with the batch. */
export async function benchModel(budget: number, only: string, json: boolean): Promise<void> {
  const model = await loadPretrained(FOLDER, { backend: getBackend("wasm") });
  for (const { what, run } of lines(model)) {
    if (!what.includes(only)) continue;
    const [rounds] = await inTurns([{ name: "wasm", run }], budget);
    const result = { what, who: "wasm", median: median(rounds), best: Math.min(...rounds), unit: "ms" };
    const figures = [result.median, result.best].map((ms) => ms.toFixed(1).padStart(9)).join("");
    console.log(json ? JSON.stringify(result) : `${what.padEnd(54)}${figures} ms`);
  }
}
