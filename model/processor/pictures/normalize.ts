/** Mean and standard deviation of the pictures CLIP was trained on, per channel, for values in 0 to 1. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** (byte / 255 - mean) / std for each channel and byte, rounded to float32 after every step, as torchvision does. */
const TABLES = CLIP_MEAN.map((mean, c) =>
  Float32Array.from({ length: 256 }, (_, byte) => {
    const centred = Math.fround(Math.fround(byte / 255) - Math.fround(mean));
    return Math.fround(centred / Math.fround(CLIP_STD[c]));
  }),
);

/** RGB bytes [height, width, 3] -> normalised values [3, height, width]. */
export function normalize(pixels: Uint8Array): Float32Array {
  const area = pixels.length / 3;
  const values = new Float32Array(pixels.length);
  for (let c = 0; c < 3; c++) {
    const table = TABLES[c];
    for (let i = 0; i < area; i++) values[c * area + i] = table[pixels[i * 3 + c]];
  }
  return values;
}
