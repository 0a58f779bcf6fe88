import type { DType } from "../../core/dtype.ts";
import { withStandIns } from "../../nn/onMeta.ts";
import { type Backend, empty, scope } from "../../tensor/index.ts";
import { Decoder } from "./decoder.ts";
import type { InfiMM } from "../infimm.ts";

/**
 * Compile the kernels of an answer about a picture, on a backend that compiles any, before the model has weights: it
 * runs on shapes alone, and nothing is allocated or computed. Other kernels are compiled when they are needed.
 *
 * @param dtypes what the weights will be stored as, by path; default: as they are now
 */
export async function precompile(
  model: InfiMM,
  backend: Backend,
  dtypes: ReadonlyMap<string, DType> = new Map(),
): Promise<void> {
  await backend.precompile?.(() => {
    withStandIns(
      model,
      (path, { shape, dtype }) => empty(shape, dtypes.get(path) ?? dtype, backend),
      () => {},
      () => scope(() => answer(model)),
    );
  });
}

/** A prompt of usual length, and tokens after it: kernels differ by whether the keys are a multiple of four. */
const PROMPT = 40;
const TOKENS = 5;

function answer(model: InfiMM): void {
  const { image_size } = model.config.visual;
  using decoder = new Decoder(model, {
    inputIds: [[model.config.image_token_id, ...new Array<number>(PROMPT).fill(0)]],
    attentionMask: [new Array<number>(PROMPT + 1).fill(1)],
    pixelValues: new Float32Array(3 * image_size ** 2),
    pixelShape: [1, 1, 1, 3, image_size, image_size],
  });
  for (let token = 0; token < TOKENS; token++) {
    decoder.logits([model.config.image_token_id]).argmax(-1);
    decoder.append([0]);
  }
}
