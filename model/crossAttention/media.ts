import type { KVCache } from "../../nn/kvCache.ts";
import { any, cast, cumsum, onesLike, type Tensor } from "../../tensor/index.ts";

/** Which picture each text token may look at, and the pictures. Given to every cross-attention block. */
export interface Media {
  /** [b, m, n, w]: m pictures of n tokens */
  readonly features: Tensor;
  /** i32 [b, t]: how many `<image>` tokens stand up to and including each token. Token i sees picture textTime[i]; 0: none. */
  readonly textTime: Tensor;
  /** f32 [b, 1, 1]: 1 where the sample has a picture; 0 makes every block the identity for it. */
  readonly hasMedia: Tensor;
  /** Keeps the keys and values of `features` from one new token to the next. Without it they are made each time. */
  readonly cache?: KVCache | null;
}

/** Where the pictures stand in a prompt. */
export type MediaPlaces = Pick<Media, "textTime" | "hasMedia">;

/**
 * Each token sees the picture before it, the nearest one. `<image>` itself sees its own.
 * @param inputIds i32 [b, t]
 */
export function mediaPlaces(inputIds: Tensor, imageTokenId: number): MediaPlaces {
  const isImage = inputIds.eq(imageTokenId); // [b, t]
  const textTime = cumsum(cast(isImage, "i32"), -1); // [b, t]
  const hasMedia = cast(any(isImage, -1), "f32").reshape(-1, 1, 1); // [b, 1, 1]
  return { textTime, hasMedia };
}

/**
 * The places of `count` tokens that follow a prompt: they see its last picture. flamingo_lm.py: use_cached_media.
 * @param prompt the places of the prompt
 */
export function placesAfter(prompt: MediaPlaces, count: number): MediaPlaces {
  const last = prompt.textTime.slice(1, -1); // [b, 1]
  const textTime = last.expand(-1, count); // [b, count]
  return { textTime, hasMedia: prompt.hasMedia };
}

/** OpenFlamingo's rule instead of InfiMM's: the feed-forward branch of a block also runs where there is no picture. */
export function withoutMediaSwitch(places: MediaPlaces): MediaPlaces {
  return { ...places, hasMedia: onesLike(places.hasMedia) };
}
