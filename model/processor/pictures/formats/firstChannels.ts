/** The first `to` of every `from` bytes: what is left of RGBA or RGB when a picture has fewer channels. */
export function firstChannels(data: ArrayLike<number>, from: number, to: number): Uint8Array {
  const out = new Uint8Array((data.length / from) * to);
  for (let pixel = 0, next = 0; next < out.length; pixel += from) {
    for (let c = 0; c < to; c++) out[next++] = data[pixel + c];
  }
  return out;
}
