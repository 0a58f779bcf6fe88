import { scope, type Tensor } from "../../tensor/index.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** Log-probabilities of the answer's a tokens as numbers, a row for each of b variants of the media tokens. */
export async function rowsOf(study: StudiedAnswer, media: () => Tensor): Promise<Float32Array[]> {
  using result = scope(() => study.logProbs(media())); // [b, a]
  const [b, a] = result.shape;
  const data = (await result.data()) as Float32Array;
  return Array.from({ length: b }, (_, row) => data.slice(row * a, (row + 1) * a));
}
