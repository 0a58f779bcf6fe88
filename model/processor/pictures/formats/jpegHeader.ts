import { concatBytes } from "../../../../core/bytes.ts";
import { FileFormatError } from "../../../../core/errors.ts";
import { textAt, viewOf } from "./bytes.ts";
import { coefficientsOf } from "./jpegMend.ts";
import { readSegments, SCAN, type Segment } from "./jpegSegments.ts";
import type { Metadata } from "./orientationIn.ts";

export interface JpegHeader {
  width: number;
  height: number;
  /** Horizontal and vertical sampling factors: 1 component is grey, 3 are YCbCr or RGB, 4 CMYK or YCCK. */
  components: { h: number; v: number }[];
  /** Whether three components are red, green and blue rather than YCbCr. */
  isRgb: boolean;
  /** Whether an Adobe marker says how colours are coded. */
  isMarked: boolean;
  metadata: Metadata;
  /** What the file is made of, up to its end marker or, without one, as far as it goes. */
  segments: readonly Segment[];
  hasEnd: boolean;
  /** Whether one scan holds everything, so that a decoder may be done before it comes to the end marker. */
  isOneScan: boolean;
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
 * known before any decoder sees it: it has no end marker. (libjpeg would fill the rest with grey; Pillow refuses.) Before
 * pixels are decoded, `requireWhole` looks closer.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let [isJfif, scans] = [false, 0];
  const exif: Uint8Array[] = [];
  let xmp: Uint8Array | undefined;
  let adobeTransform: number | undefined;
  let frame: Frame | undefined;
  const { segments, hasEnd } = readSegments(bytes);
  for (const { marker, body } of segments) {
    if (marker === SCAN) scans++;
    if (isFrame(marker)) {
      if (frame) throw new FileFormatError("it holds two pictures in one, which is not supported");
      frame = readFrame(marker, body);
    }
    if (marker === 0xe0 && textAt(body, 0, 5) === "JFIF\0") isJfif = true;
    if (marker === 0xe1 && scans === 0 && textAt(body, 0, 6) === "Exif\0\0")
      exif.push(body.subarray(exif.length === 0 ? 0 : 6));
    if (marker === 0xe1 && scans === 0 && textAt(body, 0, XMP.length) === XMP) xmp = body.subarray(XMP.length);
    if (marker === 0xee && textAt(body, 0, 5) === "Adobe") adobeTransform = body[11];
  }
  if (!frame || scans === 0) {
    if (!hasEnd) throw cutOff();
    throw new FileFormatError("it begins like a JPEG, but holds no picture");
  }
  requireFewScans(scans, frame);
  const { width, height, components } = frame;
  const metadata = { exif: exif.length > 0 ? concatBytes(exif) : undefined, xmp };
  const isOneScan =
    !frame.isProgressive && segments.find(({ marker }) => marker === SCAN)?.body[0] === components.length;
  const isRgb = isRgbCoded(frame, isJfif, adobeTransform);
  return {
    width,
    height,
    components,
    isRgb,
    isMarked: adobeTransform !== undefined,
    metadata,
    segments,
    hasEnd,
    isOneScan,
  };
}

/** What an APP1 segment of XMP begins with. */
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

interface Frame {
  width: number;
  height: number;
  ids: number[];
  isProgressive: boolean;
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
  const ids = starts.map((i) => body[i]);
  return { width: view.getUint16(3), height: view.getUint16(1), ids, isProgressive: marker === 0xc2, components };
}

/** libjpeg's rule: a JFIF header means YCbCr, else an Adobe one says so itself, else components named R, G and B do. */
function isRgbCoded({ ids }: Frame, isJfif: boolean, adobeTransform: number | undefined): boolean {
  if (ids.length !== 3 || isJfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return String.fromCharCode(...ids) === "RGB";
}

const cutOff = () => new FileFormatError("it is cut off: its end is missing");

/**
 * Refuses a file that is cut off. One without an end marker is whole if the only scan in it is: Pillow stops reading there,
 * whatever follows.
 */
export function requireWhole(bytes: Uint8Array, header: JpegHeader): void {
  requireLongEnough(bytes, header);
  if (header.hasEnd) return;
  if (!header.isOneScan) throw cutOff();
  const scan = header.segments.findIndex(({ marker }) => marker === SCAN);
  coefficientsOf(bytes, header.segments.slice(0, scan + 1));
}

/** Each block of 8 x 8 samples takes a bit at the very least, so a file too short for its size is known by that. */
function requireLongEnough(bytes: Uint8Array, { width, height, components }: JpegHeader): void {
  const most = (key: "h" | "v") => Math.max(...components.map((one) => one[key]));
  const units = Math.ceil(width / (8 * most("h"))) * Math.ceil(height / (8 * most("v")));
  const blocks = units * components.reduce((sum, { h, v }) => sum + h * v, 0);
  if (bytes.length * 8 >= blocks) return;
  throw new FileFormatError(`it is cut off or damaged: ${bytes.length} bytes cannot hold ${width} x ${height} pixels`);
}
