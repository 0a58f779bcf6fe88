/*
 * Small pictures of numbers as PNG addresses, the same at build and in the page. What is in them is stored without
 * compression: they are a few kilobytes, and canvases do not run at build.
 */

/** Red, green, blue and opacity, 0 to 255, for each level. */
export type Palette = readonly (readonly [number, number, number, number])[];

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/**
 * A picture of levels, row by row, as an address that stands for the file. Up to 16 levels take half a byte each.
 *
 * @param levels indices into the palette
 */
export function indexedPng(width: number, height: number, levels: ArrayLike<number>, palette: Palette): string {
  const bits = palette.length <= 16 ? 4 : 8;
  const perByte = 8 / bits;
  const stride = 1 + Math.ceil(width / perByte); // each row begins with its filter: none
  const rows = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shift = 8 - bits - bits * (x % perByte);
      rows[y * stride + 1 + Math.floor(x / perByte)] |= levels[y * width + x] << shift;
    }
  }
  const head = [...bigEndian(width), ...bigEndian(height), bits, 3, 0, 0, 0];
  const bytes = [
    ...SIGNATURE,
    ...chunk("IHDR", head),
    ...chunk("PLTE", palette.flatMap((colour) => colour.slice(0, 3))),
    ...chunk("tRNS", palette.map(([, , , opacity]) => opacity)),
    ...chunk("IDAT", stored(rows)),
    ...chunk("IEND", []),
  ]; // biome-ignore format: a file
  return `data:image/png;base64,${base64(bytes)}`;
}

/** Bytes as text. */
export function base64(bytes: ArrayLike<number>): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Text of `base64` as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** A zlib stream of stored blocks, which hold at most 65,535 bytes each. */
function stored(data: Uint8Array): number[] {
  const out = [0x78, 0x01];
  for (let at = 0; at < data.length; at += 0xffff) {
    const part = data.subarray(at, at + 0xffff);
    const size = [part.length & 255, part.length >> 8];
    out.push(at + part.length >= data.length ? 1 : 0, ...size, ...size.map((byte) => byte ^ 255));
    for (const byte of part) out.push(byte);
  }
  let [a, b] = [1, 0];
  for (const byte of data) [a, b] = [(a + byte) % 65521, (b + a + byte) % 65521];
  return [...out, b >> 8, b & 255, a >> 8, a & 255];
}

function chunk(kind: string, data: readonly number[]): number[] {
  const body = [...Array.from(kind, (letter) => letter.charCodeAt(0)), ...data];
  return [...bigEndian(data.length), ...body, ...bigEndian(crc32(body))];
}

function bigEndian(x: number): number[] {
  return [(x >>> 24) & 255, (x >>> 16) & 255, (x >>> 8) & 255, x & 255];
}

function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
