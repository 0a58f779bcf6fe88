import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { patched } from "../../nn/patch.ts";
import { traced } from "../../nn/trace.ts";
import { fromData, scope, type Tensor } from "../../tensor/index.ts";
import { rowsOf } from "./rowsOf.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** What the heads of one attention do for an answer. */
export interface HeadEffects {
  /** The tap of the attention's probabilities. */
  readonly path: string;
  /** [h][a]: nats that each token of the answer loses when the head looks at nothing; below 0 where it gains. */
  readonly losses: readonly Float32Array[];
}

/**
 * Which heads an answer needs: the attention of one head is set to 0, and the log-probability of the answer falls.
 *
 * @param attention taps of attention probabilities, as patterns of paths. Default: those of the cross-attention blocks
 */
export async function headEffects(
  study: StudiedAnswer,
  options: { readonly attention?: readonly string[] } = {},
): Promise<HeadEffects[]> {
  const { attention = ["**.gated_cross_attn_layer.attn:attn"] } = checked("headEffects", options, ["attention"]);
  const [plain] = await rowsOf(study, () => study.media);
  const effects: HeadEffects[] = [];
  for (const [path, heads] of headCounts(study, attention)) {
    const rows = await withoutEachHead(study, path, heads);
    effects.push({ path, losses: rows.map((row) => row.map((logProb, i) => plain[i] - logProb)) });
  }
  return effects;
}

/** Log-probabilities of the answer without head 0, 1, … h-1 of one attention: as many variants in one batch. */
function withoutEachHead(study: StudiedAnswer, path: string, heads: number): Promise<Float32Array[]> {
  const isKept = Float32Array.from({ length: heads * heads }, (_, i) => Number(i % heads !== Math.floor(i / heads)));
  const silence = (attn: Tensor) =>
    attn.mul(fromData(isKept, [heads, heads, ...attn.shape.slice(2).map(() => 1)], "f32", attn.backend));
  using _ = patched(study.model, { [path]: silence });
  return rowsOf(study, () => study.mediaFor(path, heads));
}

/** The attentions whose taps match, with the number of their heads. */
function headCounts(study: StudiedAnswer, attention: readonly string[]): Map<string, number> {
  using seen = traced(study.model, { keep: attention });
  scope(() => void study.logProbs(study.resample()));
  return new Map(
    [...seen.acts].map(([path, attn]) => {
      if (attn.rank < 4) throw new InfimmError(`headEffects: expected attention [b, h, i, j] at ${path}, got ${attn}`);
      return [path, attn.shape[1]];
    }),
  );
}
