import { readFileSync } from "node:fs";
import {
  AdamW, clipGradNorm, idTensor, type InfiMM, languageModelLoss, modelInputs, type Processor, readPicture, type Tensor, type TrainingBatch, trainingBatch, valueAndGrad,
} from "../../index.ts"; // biome-ignore format: a list

const FOLDER = "model/infimm-tiny";

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
