import type { KVCache } from "../../nn/kvCache.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { LayerType } from "../config/languageConfig.ts";
import type { RotaryTables } from "./rotary.ts";

/** The text to run, and what stands around it. */
export interface Text {
  /** i32 [b, t]: the new tokens */
  readonly inputIds: Tensor;
  /** One list a sample; default: 0 … t-1 after what is cached, whatever the padding. */
  readonly positions?: readonly ArrayLike<number>[];
  /** [b, cached + t]: 0 where a token is padding; default: no padding */
  readonly attentionMask?: Tensor | null;
  /** Keys and values of the tokens before; the new ones are added. */
  readonly cache?: KVCache | null;
  /** Only the logits of the last token, t = 1: all that choosing the next one takes. Default: those of all tokens. */
  readonly lastOnly?: boolean;
}

/** All names of `Text`. */
export const TEXT_NAMES = Object.keys({
  inputIds: true,
  positions: true,
  attentionMask: true,
  cache: true,
  lastOnly: true,
} satisfies Record<keyof Text, true>);

/** What all layers of one forward pass share. */
export interface Sequence {
  readonly rotary: RotaryTables;
  /** For each kind of layer that the model has, [b or 1, 1, i, j]: added to the scores, to hide keys from queries */
  readonly biases: Readonly<Record<LayerType, Tensor>>;
  readonly cache: KVCache | null;
}
