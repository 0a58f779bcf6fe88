import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { patched } from "../../nn/patch.ts";
import { traced } from "../../nn/trace.ts";
import { fromData, noGrad, repeat, scope, type Tensor, where } from "../../tensor/index.ts";
import { idTensor } from "../inputs.ts";
import type { StudiedAnswer } from "./studiedAnswer.ts";

/** Options of causalTracing. */
export interface TracingOptions {
  /** Which token of the answer, from 0. Default 0. */
  readonly token?: number;
  /** Which modules, as patterns of paths. Default: the cross-attention blocks, and the layers that they stand before. */
  readonly modules?: readonly string[];
  /** How many places are restored at a time. Default 4. */
  readonly batch?: number;
}

/** What one module restores. */
export interface TracedModule {
  readonly path: string;
  /**
   * [t] for a module of the language model: the share of the difference that its output at each token restores. [1] for
   * a module that sees no tokens: what its whole output restores.
   */
  readonly restored: Float32Array;
}

/** What causalTracing found: which modules, where, bring back what the pictures choose. */
export interface Tracing {
  /** The token that the pictures choose, and the one that the other pictures choose. */
  readonly said: number;
  readonly other: number;
  readonly modules: readonly TracedModule[];
}

const LAYERS = ["**.gated_cross_attn_layer", "model.lang_encoder.model.layers.*"];

/**
 * Where the pictures enter the words: the text runs with other pictures, which would have chosen another token, and the
 * output of one module at one token is put back to what it was with the true ones. Restored is how much of the
 * difference between the two tokens' logits comes back (causal tracing; Meng et al., "Locating and Editing Factual
 * Associations in GPT", 2022): 0 nothing, 1 all of it.
 *
 * @param others the same text with other pictures
 * @throws if the texts differ, or if both choose the same token
 */
export async function causalTracing(
  study: StudiedAnswer,
  others: StudiedAnswer,
  options: TracingOptions = {},
): Promise<Tracing> {
  const { token = 0, modules = LAYERS, batch = 4 } = checked("causalTracing", options, ["token", "modules", "batch"]);
  requireComparable(study, others, token);
  const ids = study.ids.slice(0, study.start + token); // all that the choice depends on
  using seen = traced(study.model, { keep: modules });
  const [chosen] = await choices(study, ids, () => study.resample());
  const clean = new Map([...seen.acts].map(([path, act]) => [path, act.held()]));
  const [changed] = await choices(study, ids, () => others.media);
  const [said, other] = [likeliest(chosen), likeliest(changed)];
  if (said === other) throw new InfimmError("causalTracing: with the other pictures the model says the same");
  const difference = (logits: Float32Array) => logits[said] - logits[other];
  const [none, all] = [difference(changed), difference(chosen)];

  const rows: TracedModule[] = [];
  for (const [path, act] of clean) {
    const cells = path.includes("lang_encoder") ? ids.length : 1;
    const restored = new Float32Array(cells);
    for (let first = 0; first < cells; first += batch) {
      const count = Math.min(batch, cells - first);
      using _ = patched(study.model, { [path]: (value) => restore(value, act, { first, cells }) });
      const logits = await choices(study, ids, () => others.mediaFor(path, count));
      for (let i = 0; i < count; i++) restored[first + i] = (difference(logits[i]) - none) / (all - none);
    }
    act.dispose();
    rows.push({ path, restored });
  }
  return { said, other, modules: rows };
}

/** Variant i of the value, [b, t, d], is `clean` [1, t, d] at token first + i. A value without tokens is all `clean`. */
function restore(value: Tensor, clean: Tensor, { first, cells }: { first: number; cells: number }): Tensor {
  if (cells === 1) return clean;
  const [b, t] = value.shape;
  const isRestored = Uint8Array.from({ length: b * t }, (_, i) => Number(i % t === first + Math.floor(i / t)));
  return where(fromData(isRestored, [b, t, 1], "bool", value.backend), clean, value); // [b, t, d]
}

/** The logits of the token that follows `ids`, for each of b variants of the media tokens. */
async function choices(study: StudiedAnswer, ids: readonly number[], media: () => Tensor): Promise<Float32Array[]> {
  using logits = scope(() =>
    noGrad(() => {
      const features = media(); // [b, m, n, w]
      const inputIds = repeat(idTensor([ids], features.backend), "1 t -> b t", { b: features.shape[0] }); // [b, t]
      return study.model.call({ inputIds, features, lastOnly: true }); // [b, 1, vocab]
    }),
  );
  const [b, , vocab] = logits.shape;
  const data = (await logits.data()) as Float32Array;
  return Array.from({ length: b }, (_, row) => data.slice(row * vocab, (row + 1) * vocab));
}

function likeliest(logits: Float32Array): number {
  return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
}

function requireComparable(study: StudiedAnswer, others: StudiedAnswer, token: number): void {
  if (!Number.isInteger(token) || token < 0 || token >= study.tokens.length) {
    throw new InfimmError(`causalTracing: the answer has tokens 0 to ${study.tokens.length - 1}, got ${token}`);
  }
  const prompt = (one: StudiedAnswer) => one.ids.slice(0, one.start).join(" ");
  if (prompt(study) !== prompt(others) || study.model !== others.model) {
    throw new InfimmError("causalTracing: expected the same model and prompts that differ in their pictures only");
  }
}
