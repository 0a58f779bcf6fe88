import { readFileSync } from "node:fs";
import {
  AdamW, clipGradNorm, Generator, idTensor, type InfiMM, type Initializer, initializeInfiMM, keep, languageModelLoss, modelInputs, type Module, type Processor, readPicture, scope, type Tensor, type TrainingBatch, trainingBatch, valueAndGrad,
} from "../../index.ts"; // biome-ignore format: a list

/** A prototype: how its model is made, on the meta backend, and what is done once the weights are there. */
export interface Prototype {
  readonly make: (config: InfiMM["config"]) => InfiMM;
  readonly start?: (model: InfiMM, trained: Module) => void;
  /** How parameters of its own begin. */
  readonly rules?: Readonly<Record<string, Initializer>>;
  /** Whether resampler and cross-attention begin as they were trained, and not anew. */
  readonly keepsConnector?: boolean;
}

const CONNECTOR = /\.(perceiver|gated_cross_attn_layer)\./;
const FOLDER = "model/infimm-tiny";

/** The model with infimm-tiny's tower and language model, where they fit, and what of it learns: all that is new. */
export function prepared(trained: InfiMM, { make, start, rules, keepsConnector = false }: Prototype) {
  const model = make(trained.config);
  initializeInfiMM(model, new Generator("prototypes"), { backend: trained.backend, rules });
  const frozen = new Set<string>();
  for (const [path, value] of trained.stateDict()) {
    const place = model.stateDict().get(path);
    if (!place || String(place.shape) !== String(value.shape) || (CONNECTOR.test(path) && !keepsConnector)) continue;
    model.setTensor(
      path,
      scope(() => keep(value.to("f32").mul(1))),
    );
    frozen.add(path);
  }
  start?.(model, trained);
  const learns = new Map([...model.parameters()].filter(([path]) => !frozen.has(path)));
  return { model, learns };
}

/** Batches of four of the questions that come with infimm-tiny, one after the other, for ever. */
export async function* batches(processor: Processor): AsyncGenerator<TrainingBatch> {
  const asked = JSON.parse(readFileSync(`${FOLDER}/pictures/questions.json`, "utf8")) as { pictures: string[]; question: string; answer: string }[]; // biome-ignore format: one line
  for (let at = 0; ; at += 4) {
    const four = [0, 1, 2, 3].map((i) => asked[(at + i) % asked.length]);
    const conversations = four.map(async ({ pictures, question, answer }) => {
      const images = await Promise.all(
        pictures.map(async (name) => ({ image: await readPicture(`${FOLDER}/pictures/${name}`) })),
      );
      return [{ role: "user", content: [...images, question] }, { role: "assistant", content: answer }]; // biome-ignore format: one line
    });
    yield trainingBatch(processor, await Promise.all(conversations));
  }
}

/** The loss of each of `steps` steps, by AdamW at a rate of 1e-3. */
export async function losses(model: InfiMM, learns: ReadonlyMap<string, Tensor>, processor: Processor, steps: number) {
  const optimizer = new AdamW(learns, { lr: 1e-3 });
  const found: number[] = [];
  for await (const batch of batches(processor)) {
    const { value, grads } = valueAndGrad(
      () => languageModelLoss(model.call(modelInputs(batch)), idTensor(batch.labels)),
      learns,
    );
    clipGradNorm(grads, 1).dispose();
    optimizer.step(grads);
    found.push(await value.item());
    for (const tensor of [value, ...grads.values()]) tensor.dispose();
    if (found.length === steps) return found;
  }
  return found;
}
