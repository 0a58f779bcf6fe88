import type { Prompts } from "../inputs.ts";

/** The `<image>` token of tiny-zephyr, and its picture size. */
export const IMAGE = 41;
const S = 42;

/** A prompt of `rows`, each with as many pictures as it has `<image>` tokens, padded on the left. */
export function prompts(rows: readonly (readonly number[])[]): Prompts {
  const width = Math.max(...rows.map((row) => row.length));
  const pictures = Math.max(1, ...rows.map((row) => row.filter((id) => id === IMAGE).length));
  const size = 3 * S * S;
  const pixelValues = new Float32Array(rows.length * pictures * size);
  rows.forEach((row, b) => {
    const count = row.filter((id) => id === IMAGE).length;
    for (let i = 0; i < count * size; i++) pixelValues[b * pictures * size + i] = Math.sin(i * 0.01);
  });
  const pad = (row: readonly number[], filler: number) => [...new Array(width - row.length).fill(filler), ...row];
  return {
    inputIds: rows.map((row) => pad(row, 2)),
    attentionMask: rows.map((row) =>
      pad(
        row.map(() => 1),
        0,
      ),
    ),
    pixelValues,
    pixelShape: [rows.length, pictures, 1, 3, S, S],
  };
}

/** One picture, none, two. */
export const A = [1, 40, IMAGE, 5, 6, 7];
export const B = [1, 8];
export const C = [1, 5, 40, IMAGE, 9, 40, IMAGE, 10, 11];
