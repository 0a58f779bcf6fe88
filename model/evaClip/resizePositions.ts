import { concat, interpolate, rearrange, slice, type Tensor } from "../../tensor/index.ts";

/**
 * Learned positions for another grid: how a tower that was trained at 224 pixels starts at 336 or 448. The place of
 * CLS is kept; the others are a picture of one pixel a patch, resized bicubically. EVA: interpolate_pos_embed.
 *
 * @param posEmbed [1, 1+old², w]
 * @param grid patches per side of the new tower
 * @returns [1, 1 + grid², w]
 */
export function resizePositions(posEmbed: Tensor, grid: number): Tensor {
  const old = Math.sqrt(posEmbed.shape[1] - 1);
  const cls = slice(posEmbed, 1, 0, 1); // [1, 1, w]
  const patches = slice(posEmbed, 1, 1); // [1, old*old, w]
  const places = rearrange(patches, "b (y x) w -> b w y x", { y: old }); // [1, w, old, old]
  const resized = interpolate(places, [grid, grid], "bicubic"); // [1, w, grid, grid]
  return concat([cls, rearrange(resized, "b w y x -> b (y x) w")], 1); // [1, 1+p, w]
}
