import { FileFormatError } from "../../../../core/errors.ts";

/** A Huffman table as JPEG writes it: how many codes there are of 1 to 16 bits, and what they mean, in their order. */
export interface HuffmanTable {
  readonly counts: Uint8Array;
  readonly values: Uint8Array;
}

/** libjpeg's buffer holds at least so many bits after it was filled. It wants them even if the scan needs fewer. */
const FILLED = 57;
const LOOKAHEAD = 8;

/**
 * The bits of a stretch of pixel data, up to the next marker, read as libjpeg reads them: at a marker zeros go on for
 * ever, and `isStarved` tells; at the end of the file there is nothing more to hope for.
 */
export class JpegBits {
  readonly #data: Uint8Array;
  readonly #isAtFileEnd: boolean;
  #position = 0;
  #loaded = 0;
  /** Whether more bits were asked for than there are. */
  isStarved = false;
  /** The marker that ends the stretch; 0 at the end of the file. */
  readonly marker: number;
  /** Where the file goes on after the marker. */
  readonly end: number;

  constructor(file: Uint8Array, start: number) {
    let at = start;
    let marker = 0;
    for (at = file.indexOf(0xff, start); at >= 0 && at < file.length; at = file.indexOf(0xff, at)) {
      while (file[at] === 0xff) at++;
      marker = file[at++] ?? 0; // 0: an escaped 0xff, or the end
      if (marker !== 0) break;
    }
    this.marker = marker;
    this.#isAtFileEnd = marker === 0;
    this.end = marker === 0 ? file.length : at;
    this.#data = unescaped(file.subarray(start, this.end));
  }

  /** The next `count` bits as a whole number. */
  take(count: number): number {
    this.#need(count);
    let value = 0;
    for (let i = 0; i < count; i++) value = (value << 1) | this.#bit(this.#position++);
    return value;
  }

  /** The next `count` bits as JPEG writes signed numbers of that size. */
  takeSigned(count: number): number {
    const value = this.take(count);
    return count > 0 && value < 2 ** (count - 1) ? value - 2 ** count + 1 : value;
  }

  /** What the next code means; 0 for one that no table has, as libjpeg takes it. */
  decode({ counts, values }: HuffmanTable): number {
    if (this.#loaded - this.#position < LOOKAHEAD) this.#fill(0);
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 0; length < 16; length++) {
      this.#need(1);
      code |= this.#bit(this.#position++);
      const count = counts[length];
      if (code - first < count) return values[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return 0;
  }

  #bit(at: number): number {
    return ((this.#data[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  }

  #need(count: number): void {
    if (this.#loaded - this.#position < count) this.#fill(count);
  }

  #fill(count: number): void {
    while (this.#loaded - this.#position < FILLED) {
      if (this.#loaded < 8 * this.#data.length) this.#loaded += 8;
      else if (this.#isAtFileEnd) throw new FileFormatError("it is cut off: its end is missing");
      else {
        if (this.#loaded - this.#position >= count) return;
        this.isStarved = true;
        this.#loaded = this.#position + FILLED;
      }
    }
  }
}

/** Pixel data without what is no data: the zero after each 0xff, fill bytes, and the marker at the end. */
function unescaped(bytes: Uint8Array): Uint8Array {
  const data = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0xff) {
      while (bytes[at] === 0xff) at++;
      if (bytes[at] !== 0) break;
      data[length++] = 0xff;
    } else data[length++] = bytes[at];
  }
  return data.subarray(0, length);
}
