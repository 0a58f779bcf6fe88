import { concatBytes } from "../../../../core/bytes.ts";
import { CHANNELS, type Image } from "../image.ts";
import { crc32 } from "./crc32.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** PNG's colour types, by channels: grey, grey with alpha, RGB, RGBA. */
const COLOUR_TYPES = [0, 4, 2, 6];

/** A picture as a PNG file of 8 bits a channel. */
export async function writePng({ width, height, mode, data }: Image): Promise<Uint8Array> {
  const channels = CHANNELS[mode];
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPES[channels - 1]], 8);
  const body = new Blob([filtered(data, width * channels, channels)]).stream();
  const packed = new Uint8Array(await new Response(body.pipeThrough(new CompressionStream("deflate"))).arrayBuffer());
  const chunks = [chunk("IHDR", header), chunk("IDAT", packed), chunk("IEND", new Uint8Array(0))];
  return concatBytes([Uint8Array.from(SIGNATURE), ...chunks]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(12 + body.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, body.length);
  framed.set(
    [...type].map((letter) => letter.charCodeAt(0)),
    4,
  );
  framed.set(body, 8);
  view.setUint32(8 + body.length, crc32(framed.subarray(4, 8 + body.length)));
  return framed;
}

/** What a filter predicts of a byte from the one to its left, the one above, and the one between them. */
type Predict = (left: number, above: number, corner: number) => number;

const FILTERS: readonly Predict[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above) => (left + above) >> 1,
  paeth,
];

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** Each row by the filter that leaves least (the sum of magnitudes, as PNG's own specification advises), its number first. */
function filtered(data: ArrayLike<number>, rowBytes: number, channels: number): Uint8Array<ArrayBuffer> {
  const rows = data.length / rowBytes;
  const out = new Uint8Array(rows * (rowBytes + 1));
  const tried = new Uint8Array(rowBytes);
  for (let y = 0; y < rows; y++) {
    let least = Number.POSITIVE_INFINITY;
    for (const [number, predict] of FILTERS.entries()) {
      let sum = 0;
      for (let i = 0; i < rowBytes; i++) {
        const at = y * rowBytes + i;
        const left = i >= channels ? data[at - channels] : 0;
        const above = y > 0 ? data[at - rowBytes] : 0;
        const corner = y > 0 && i >= channels ? data[at - rowBytes - channels] : 0;
        tried[i] = data[at] - predict(left, above, corner);
        sum += tried[i] < 128 ? tried[i] : 256 - tried[i];
      }
      if (sum >= least) continue;
      least = sum;
      out[y * (rowBytes + 1)] = number;
      out.set(tried, y * (rowBytes + 1) + 1);
    }
  }
  return out;
}
