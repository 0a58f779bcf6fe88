/** Pillow's `MULDIV255`: a * b / 255, rounded, for bytes. */
function mulDiv255(a: number, b: number): number {
  const t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

/**
 * Colours times alpha, as Pillow's `RGBA -> RGBa` and `LA -> La`, so that resizing does not mix in the colours of
 * invisible pixels. `data` [..., channels], alpha last. Returns new bytes.
 */
export function premultiply(data: Uint8Array, channels: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const alphaAt = channels - 1;
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + alphaAt];
    for (let c = 0; c < alphaAt; c++) out[i + c] = mulDiv255(data[i + c], alpha);
    out[i + alphaAt] = alpha;
  }
  return out;
}

/** The inverse, as Pillow's `RGBa -> RGBA`: truncated, clipped, and left alone where alpha is 0 or 255. In place. */
export function unpremultiply(data: Uint8Array, channels: number): Uint8Array {
  const alphaAt = channels - 1;
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + alphaAt];
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < alphaAt; c++) data[i + c] = Math.min(255, Math.trunc((255 * data[i + c]) / alpha));
  }
  return data;
}
