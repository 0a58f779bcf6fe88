import { mediaPlaces } from "../../../model/crossAttention/media.ts";
import { idTensor } from "../../../model/inputs.ts";
import type { Part } from "../../../model/processor/text/prompt.ts";
import type { Patches } from "../../../nn/patch.ts";
import { patched } from "../../../nn/patch.ts";
import { cast, compute, einsum, fromData, rearrange, type Tensor } from "../../../tensor/index.ts";
import type { PictureRef } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import type { Study } from "./study.ts";

export interface MaskParams {
  /** Before which word of the question each picture stands; null: all of them before the first. */
  readonly places: readonly number[] | null;
  /** Which pictures a token sees: the nearest before it, as in InfiMM, or all before it. */
  readonly rule: "nearest" | "all";
}

export interface Mask {
  readonly pictures: readonly PictureRef[];
  readonly words: readonly string[];
  readonly places: readonly number[];
  readonly rule: MaskParams["rule"];
  /** The tokens of the prompt, with how many `<image>` stand up to and including each. */
  readonly tokens: readonly { readonly text: string; readonly time: number }[];
  readonly answer: string;
}

const PICTURES = 2;

/** Which of two pictures each token of a prompt sees. */
export const mask: Study<Mask, MaskParams> = {
  async measure(session, asked, params, { signal }) {
    const others = session.pictures.filter((name) => !asked.pictures.includes(name));
    const pictures = [...asked.pictures, ...others].slice(0, Math.max(PICTURES, asked.pictures.length));
    const words = asked.question.split(/\s+/);
    const places = pictures.map((_, i) => Math.min(words.length, params.places?.[i] ?? 0));
    const content = await contentOf(session, { pictures, words, places });
    const prompts = session.assistant.processor.apply([{ role: "user", content }]);
    const { config, backend } = session.model;
    const times = await compute(() => mediaPlaces(idTensor(prompts.inputIds, backend), config.image_token_id).textTime);
    using _ = params.rule === "all" ? patched(session.model, seesAll(pictures.length)) : undefined;
    const answer = await session.say(prompts, signal);
    const pieces = session.assistant.processor.pieces(prompts.inputIds[0]);
    const tokens = pieces.map((text, i) => ({ text, time: times[i] }));
    return { pictures, words, places, rule: params.rule, tokens, answer };
  },
};

/** The words with pictures between them. */
async function contentOf(
  session: Session,
  { pictures, words, places }: Pick<Mask, "pictures" | "words" | "places">,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (let word = 0; word <= words.length; word++) {
    for (const [i, ref] of pictures.entries()) {
      if (places[i] === word) parts.push({ image: await session.image(ref) });
    }
    const last = parts[parts.length - 1];
    if (word === words.length) break;
    if (typeof last === "string") parts[parts.length - 1] = `${last} ${words[word]}`;
    else parts.push(words[word]);
  }
  return parts;
}

/** Tokens that see each picture before them, in place of the nearest: Flamingo's `only_attend_immediate_media: false`. */
function seesAll(m: number): Patches {
  const later = Float32Array.from({ length: m * m }, (_, at) => Number(at % m >= Math.floor(at / m)));
  return {
    "**.gated_cross_attn_layer.attn:seen": (seen: Tensor) => {
      const nearest = rearrange(cast(seen, "f32"), "b 1 t (m n) -> b t m n", { m }); // [b, t, m, n]
      const before = einsum("i j, b t j n -> b t i n", fromData(later, [m, m], "f32", seen.backend), nearest); // [b, t, m, n]
      return rearrange(before.gt(0), "b t m n -> b 1 t (m n)"); // [b, 1, t, (m n)]
    },
  };
}
