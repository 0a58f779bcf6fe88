import { fromData } from "../../tensor/index.ts";
import { openGoldenSet } from "../../golden/load.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import type { InfiMM } from "../infimm.ts";
import type { Processor } from "../processor/processor.ts";
import { StudiedAnswer } from "./studiedAnswer.ts";

const folder = "golden/fixtures/tiny-zephyr";
export const model: InfiMM = await loadPretrained(folder);
const prompts = (await openGoldenSet(folder)).cases.find((one) => one.name === "one_image")!.prompts();

/** The set has no tokenizer: a token's text is its number. */
const processor = {
  imageTokenId: model.config.image_token_id,
  pieces: (ids: ArrayLike<number>) => Array.from(ids, String),
  tokenizer: { isSpecial: () => false },
} as unknown as Processor;

/** A small model with random weights, 3 x 3 patches and 64 latents, and an answer of three tokens. */
export function studied(brightness = 1): StudiedAnswer {
  const pixelValues = prompts.pixelValues.map((x) => x * brightness);
  return new StudiedAnswer({ model, processor }, { ...prompts, pixelValues }, [5, 9, 7]);
}

/** Log-probabilities of the answer's tokens by the definition: one run of everything from the pixels, sums in doubles. */
export async function plainLogProbs(study: StudiedAnswer): Promise<number[]> {
  using pixelValues = fromData(prompts.pixelValues, prompts.pixelShape, "f32", model.backend);
  using inputIds = study.inputIds();
  using logits = model.call({ pixelValues, inputIds });
  const [, , vocab] = logits.shape;
  const data = await logits.data();
  return study.tokens.map(({ id }, i) => {
    const row = Array.from(data.subarray((study.start + i - 1) * vocab, (study.start + i) * vocab));
    return row[id] - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
  });
}
