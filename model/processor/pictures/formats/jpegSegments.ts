import { FileFormatError } from "../../../../core/errors.ts";

/** A part of a JPEG file between two markers. */
export interface Segment {
  readonly marker: number;
  /** What it says of itself, which is 2 more than its body has, if it is sound. */
  readonly length: number;
  readonly body: Uint8Array;
  /** Where the file goes on after it; after a scan's header, with pixel data. */
  readonly end: number;
}

export interface Segments {
  readonly segments: readonly Segment[];
  /** Whether the end marker was found. What stands after it is of no interest. */
  readonly hasEnd: boolean;
}

const END = 0xd9;
export const SCAN = 0xda;

/** Markers of segments that libjpeg knows, and so reads or passes over: frames, tables, applications' and comments. */
export function isKnown(marker: number): boolean {
  if (marker >= 0xc0 && marker <= 0xcf) return marker !== 0xc8;
  return (marker >= 0xda && marker <= 0xdd) || (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
}

/** Escaped 0xff bytes of pixel data, and restart markers. */
const isNoSegment = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** The segments up to the end marker, or as far as they are whole. Pixel data and junk between them are passed over. */
export function readSegments(bytes: Uint8Array): Segments {
  const segments: Segment[] = [];
  let hasScan = false;
  if (bytes[2] !== 0xff) throw new FileFormatError("it begins like a JPEG, but no marker follows its first one");
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    while (bytes[at] === 0xff) at++; // a marker may be led by more of these
    const marker = bytes[at++];
    if (marker === END) return { segments, hasEnd: true };
    if (marker > 0 && marker < 0xc0 && !hasScan) {
      const name = `0xff${marker.toString(16).padStart(2, "0")}`;
      throw new FileFormatError(`it is damaged: ${name} is no marker of a segment`);
    }
    if (isNoSegment(marker)) continue;
    if (marker !== undefined && !isKnown(marker)) {
      segments.push({ marker, length: 0, body: bytes.subarray(at, at), end: at }); // of no length that anybody knew
      continue;
    }
    const length = bytes[at] * 256 + bytes[at + 1];
    const end = at + length;
    const isThere = at > 0 && end <= bytes.length; // at is 0 where no 0xff was found, end NaN at the last byte
    if (!isThere) return { segments, hasEnd: false };
    hasScan ||= marker === SCAN;
    segments.push({ marker, length, body: bytes.subarray(at + 2, end), end });
    at = end;
  }
}
