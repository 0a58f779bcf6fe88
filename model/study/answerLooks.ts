import type { Assistant } from "../generate/assistant.ts";
import { attentionMaps } from "./attentionMaps.ts";
import { generate } from "../generate/generate.ts";
import type { GenerateOptions } from "../generate/options.ts";
import { modelInputs } from "../inputs.ts";
import type { Image } from "../processor/pictures/image.ts";

/** A token of the answer, and where the model looked when it chose it. */
export interface Look {
  token: string;
  /** Which picture, from 1. */
  picture: number;
  /** How much of the look fell on patches; the rest fell on CLS. */
  share: number;
  /** Share of each patch, row by row. */
  map: readonly number[];
}

/** The answer, token by token, and the attention that chose each. */
export async function answerLooks(
  { model, processor }: Assistant,
  question: string,
  images: readonly Image[],
  options: GenerateOptions = {},
): Promise<Look[]> {
  const prompts = processor.apply([{ role: "user", content: [...images.map((image) => ({ image })), question] }]);
  const [answer] = await generate(model, prompts, options);
  const ids = [...Array.from(prompts.inputIds[0]), ...answer];
  const all = { ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] };
  const inputs = modelInputs(all, model.backend);
  const maps = await attentionMaps(model, inputs);
  const [, m, t, rows, columns] = maps.shape;
  const data = await maps.data();
  for (const tensor of [...Object.values(inputs), maps]) tensor.dispose();
  const first = prompts.inputIds[0].length;
  const looks = answer.map((id, k) => {
    // a token is chosen at the one before it
    const ofPictures = Array.from({ length: m }, (_, picture): Look => {
      const at = (picture * t + first + k - 1) * rows * columns;
      const map = Array.from(data.subarray(at, at + rows * columns));
      const share = map.reduce((sum, x) => sum + x, 0);
      return { token: processor.tokenizer.decode([id]), picture: picture + 1, share, map };
    });
    return ofPictures.reduce((a, b) => (b.share > a.share ? b : a));
  });
  return looks.filter((_, k) => !processor.tokenizer.isSpecial(answer[k]));
}
