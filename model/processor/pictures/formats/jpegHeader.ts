import { FileFormatError } from "../../../../core/errors.ts";
import { textAt, viewOf } from "./bytes.ts";
import { orientationOf } from "./exif.ts";

export interface JpegHeader {
  width: number;
  height: number;
  /** Horizontal and vertical sampling factors: 1 component is grey, 3 are YCbCr or RGB, 4 CMYK or YCCK. */
  components: { h: number; v: number }[];
  /** Whether three components are red, green and blue rather than YCbCr. */
  isRgb: boolean;
  /** Whether an Adobe marker says how colours are coded. */
  isMarked: boolean;
  orientation: number;
}

/** Kinds of JPEG that no decoder here reads, by their frame marker's low bits. */
const RARE: Record<number, string> = { 3: "a lossless", 5: "a hierarchical", 6: "a hierarchical", 7: "a hierarchical" };

/**
 * Progressive files have about ten scans, each of which goes over the whole picture; files of thousands are made to
 * keep a decoder busy for minutes.
 */
function requireFewScans(scans: number, { width, height }: Frame): void {
  if (scans <= 20 || (scans <= 200 && scans * width * height <= 1e9)) return;
  throw new FileFormatError(`it goes over its ${width} x ${height} pixels in ${scans} scans, which no sound file does`);
}

/**
 * Walks the whole file from marker to marker, which is quick, since it decodes nothing. So a file that is cut off is
 * known before any decoder sees it: it has no end marker. (libjpeg would fill the rest with grey; Pillow refuses.)
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let [isJfif, orientation, scans] = [false, 1, 0];
  let adobeTransform: number | undefined;
  let frame: Frame | undefined;
  for (const { marker, body } of readSegments(bytes)) {
    if (marker === SCAN) scans++;
    if (isFrame(marker)) {
      if (frame) throw new FileFormatError("it holds two pictures in one, which is not supported");
      frame = readFrame(marker, body);
    }
    if (marker === 0xe0 && textAt(body, 0, 5) === "JFIF\0") isJfif = true;
    if (marker === 0xe1 && textAt(body, 0, 6) === "Exif\0\0") orientation = orientationOf(body);
    if (marker === 0xee && textAt(body, 0, 5) === "Adobe") adobeTransform = body[11];
  }
  if (!frame || scans === 0) throw new FileFormatError("it begins like a JPEG, but holds no picture");
  requireFewScans(scans, frame);
  const { width, height, components } = frame;
  const isRgb = isRgbCoded(frame, isJfif, adobeTransform);
  return { width, height, components, isRgb, isMarked: adobeTransform !== undefined, orientation };
}

/** The segments before the end marker, which must be there; pixel data between them is passed over. */
function* readSegments(bytes: Uint8Array): Generator<{ marker: number; body: Uint8Array }> {
  let at = 2;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    while (bytes[at] === 0xff) at++; // a marker may be led by more of these
    const marker = bytes[at++];
    if (marker === END) return;
    if (hasNoBody(marker)) continue;
    const end = at + bytes[at] * 256 + bytes[at + 1];
    const isThere = at > 0 && end <= bytes.length; // at is 0 where no 0xff was found, end NaN at the last byte
    if (!isThere) throw new FileFormatError("it is cut off: its end is missing");
    yield { marker, body: bytes.subarray(at + 2, end) };
    at = end;
  }
}

const END = 0xd9;
const SCAN = 0xda;

/** Escaped 0xff bytes of pixel data, restart markers, and a second start. */
const hasNoBody = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

interface Frame {
  width: number;
  height: number;
  ids: number[];
  components: { h: number; v: number }[];
}

function readFrame(marker: number, body: Uint8Array): Frame {
  const kind = marker > 0xc8 ? "an arithmetic-coded" : RARE[marker & 7];
  if (kind) throw new FileFormatError(`this is ${kind} JPEG, which is not supported; convert it to PNG`);
  const [depth, , , , , count] = body;
  if (body.length < 6 + 3 * count || !(count === 1 || count === 3 || count === 4)) {
    throw new FileFormatError(`its header is damaged: ${count ?? 0} colour components in ${body.length} bytes`);
  }
  if (depth !== 8) throw new FileFormatError(`a JPEG of ${depth} bits a sample is not supported; convert it to PNG`);
  const view = viewOf(body);
  const starts = Array.from({ length: count }, (_, i) => 6 + 3 * i);
  const components = starts.map((i) => ({ h: body[i + 1] >> 4, v: body[i + 1] & 15 }));
  if (components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw new FileFormatError("its header is damaged: sampling factors must be 1 to 4");
  }
  return { width: view.getUint16(3), height: view.getUint16(1), ids: starts.map((i) => body[i]), components };
}

/** libjpeg's rule: a JFIF header means YCbCr, else an Adobe one says so itself, else components named R, G and B do. */
function isRgbCoded({ ids }: Frame, isJfif: boolean, adobeTransform: number | undefined): boolean {
  if (ids.length !== 3 || isJfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return String.fromCharCode(...ids) === "RGB";
}

/** Each block of 8 x 8 samples takes a bit at the very least, so a file too short for its size is known by that. */
export function requireLongEnough(bytes: Uint8Array, { width, height, components }: JpegHeader): void {
  const most = (key: "h" | "v") => Math.max(...components.map((one) => one[key]));
  const units = Math.ceil(width / (8 * most("h"))) * Math.ceil(height / (8 * most("v")));
  const blocks = units * components.reduce((sum, { h, v }) => sum + h * v, 0);
  if (bytes.length * 8 >= blocks) return;
  throw new FileFormatError(`it is cut off or damaged: ${bytes.length} bytes cannot hold ${width} x ${height} pixels`);
}
