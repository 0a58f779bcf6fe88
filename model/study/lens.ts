import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { patched } from "../../nn/patch.ts";
import { traced } from "../../nn/trace.ts";
import { fromData, gather, noGrad, scope, slice, softmax, type Tensor, topk } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import { FlamingoLayer } from "../language/flamingoLayer.ts";
import { CausalLanguageModel, LanguageModel } from "../language/languageModel.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** Options of lens. */
export interface LensOptions {
  /** How many words of each rung are told. Default 5. */
  readonly top?: number;
  /** false: what it would say if its words could not look at pictures. Default true. */
  readonly pictures?: boolean;
}

/** What the model would say if it ended at some module. */
export interface Rung {
  /** The module whose output is read. */
  readonly path: string;
  /** For each token of the answer. */
  readonly tokens: readonly RungToken[];
}

/** What the model would say at one place behind one layer. */
export interface RungToken {
  /** Length of the hidden state that is read. */
  readonly norm: number;
  /** The probability of the token that the answer has here. */
  readonly probability: number;
  /** The likeliest tokens. */
  readonly top: readonly { readonly id: number; readonly text: string; readonly probability: number }[];
}

/**
 * What the model would say next if it ended early: the hidden state behind each layer and each cross-attention block is
 * given to the last norm and the output layer (the logit lens; nostalgebraist, "interpreting GPT: the logit lens", 2020).
 *
 * @returns from the embedding to the last layer, whose rung is what the model says
 */
export async function lens(study: StudiedAnswer, options: LensOptions = {}): Promise<Rung[]> {
  const { top = 5, pictures = true } = checked("lens", options, ["top", "pictures"]);
  const decoder = decoderOf(study.model);
  const paths = rungPaths(decoder);
  using seen = traced(study.model, { keep: paths });
  {
    using _ = pictures ? undefined : withoutLooking(study.model);
    scope(() => void study.logProbs(study.media));
  }
  const rungs: Rung[] = [];
  for (const path of paths) rungs.push({ path, tokens: await readRung(study, decoder, seen.acts.get(path)!, top) });
  return rungs;
}

/** Words that cannot look at pictures, until the end of the block: `using _ = withoutLooking(model)`. */
export function withoutLooking(model: InfiMM): Disposable {
  return patched(model, { "**.gated_cross_attn_layer.attn": (looked) => looked.zerosLike() });
}

/** The hidden states that choose the a tokens, [1, t, d], as what they would say. */
async function readRung(
  study: StudiedAnswer,
  { model, lm_head }: ReadableDecoder,
  hidden: Tensor,
  top: number,
): Promise<RungToken[]> {
  const a = study.tokens.length;
  const read = scope(() =>
    noGrad(() => {
      const choosing = slice(hidden, 1, study.start - 1, study.start - 1 + a).reshape(a, -1); // [a, d]
      const probabilities = softmax(lm_head.call(model.norm.call(choosing)), -1); // [a, vocab]
      const said = Int32Array.from(study.tokens, ({ id }) => id);
      const ids = fromData(said, [a, 1], "i32", hidden.backend); // [a, 1]
      return {
        norm: choosing.mul(choosing).sum(-1).sqrt(), // [a]
        said: gather(probabilities, 1, ids), // [a, 1]
        ...topk(probabilities, Math.min(top, probabilities.shape[1])),
      };
    }),
  );
  const [norm, said, values, indices] = await Promise.all(
    [read.norm, read.said, read.values, read.indices].map((tensor) => tensor.data()),
  );
  const width = values.length / a;
  for (const tensor of Object.values(read)) tensor.dispose();
  return study.tokens.map((_, i) => ({
    norm: norm[i],
    probability: said[i],
    top: Array.from({ length: width }, (_, j) => {
      const id = indices[i * width + j];
      return { id, text: study.processor.pieces([id])[0], probability: values[i * width + j] };
    }),
  }));
}

/** A decoder with the last norm and the output layer where the classes of the house have them. */
type ReadableDecoder = CausalLanguageModel & { readonly model: LanguageModel };

function decoderOf(model: InfiMM): ReadableDecoder {
  const decoder = model.model.lang_encoder;
  if (decoder instanceof CausalLanguageModel && decoder.model instanceof LanguageModel)
    return decoder as ReadableDecoder;
  throw new InfimmError(`lens: expected a CausalLanguageModel as lang_encoder, got a ${decoder.constructor.name}`);
}

/** The embedding, and each block and layer in the order in which they run. */
function rungPaths({ model }: ReadableDecoder): string[] {
  const base = "model.lang_encoder.model";
  const layers = [...model.layers].flatMap((layer, i) => {
    const looks = layer instanceof FlamingoLayer && layer.gated_cross_attn_layer !== null;
    return [...(looks ? [`${base}.layers.${i}.gated_cross_attn_layer`] : []), `${base}.layers.${i}`];
  });
  return [`${base}.embed_tokens`, ...layers];
}
