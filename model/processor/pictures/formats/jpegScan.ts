import { JpegBits } from "./jpegBits.ts";
import type { DecodeBlock, ScanPart, ScanState } from "./jpegBlocks.ts";

const RST0 = 0xd0;

/**
 * Reads the blocks of a scan, whose data begin at `start` of `file`; `interval` is how many units stand between restart
 * markers, or 0. As in libjpeg, data that end early leave blocks empty, and lost restart markers are looked for.
 * @throws FileFormatError if the file ends before the scan does
 */
export function readUnits(
  file: Uint8Array,
  start: number,
  parts: readonly ScanPart[],
  interval: number,
  decode: DecodeBlock,
): void {
  new ScanReader(file, start, parts, interval, decode).run();
}

class ScanReader {
  readonly #file: Uint8Array;
  readonly #parts: readonly ScanPart[];
  readonly #interval: number;
  readonly #decode: DecodeBlock;
  readonly #state: ScanState;
  #bits: JpegBits;
  /** The marker that stands before what is read next, if it has been seen. */
  #marker: number;
  #at: number;
  #isHopeless = false;

  constructor(file: Uint8Array, start: number, parts: readonly ScanPart[], interval: number, decode: DecodeBlock) {
    this.#file = file;
    this.#parts = parts;
    this.#interval = interval;
    this.#decode = decode;
    this.#state = { lastDc: parts.map(() => 0), emptyBlocks: 0 };
    this.#bits = new JpegBits(file, start);
    this.#marker = this.#bits.marker;
    this.#at = this.#bits.end;
  }

  run(): void {
    const [first] = this.#parts;
    const isAlone = this.#parts.length === 1;
    const columns = isAlone ? first.plane.ownAcross : first.plane.across / first.plane.h;
    const rows = isAlone ? first.plane.ownDown : first.plane.down / first.plane.v;
    let left = this.#interval;
    let next = 0;
    for (let unit = 0; unit < rows * columns; unit++) {
      if (this.#interval > 0 && left-- === 0) {
        this.#restart(next);
        next = (next + 1) & 7;
        left = this.#interval - 1;
      }
      if (this.#isHopeless || this.#bits.isStarved) continue;
      const [row, column] = [Math.floor(unit / columns), unit % columns];
      if (isAlone) this.#block(0, row, column);
      else this.#unit(row, column);
    }
  }

  /** A unit of a scan of several colours: h x v blocks of each. */
  #unit(row: number, column: number): void {
    for (const [i, { plane }] of this.#parts.entries())
      for (let y = 0; y < plane.v; y++)
        for (let x = 0; x < plane.h; x++) this.#block(i, row * plane.v + y, column * plane.h + x);
  }

  #block(i: number, row: number, column: number): void {
    const part = this.#parts[i];
    this.#decode(this.#bits, part, this.#state, i, (row * part.plane.across + column) * 64);
  }

  /** Goes on after the restart marker of this number, or where libjpeg would (jpeg_resync_to_restart). */
  #restart(wanted: number): void {
    this.#state.lastDc.fill(0);
    this.#state.emptyBlocks = 0;
    for (;;) {
      const number = this.#marker - RST0;
      const isRestart = number >= 0 && number <= 7;
      const isAhead = isRestart && [1, 2].includes((number - wanted) & 7);
      const isBehind = isRestart && [6, 7].includes((number - wanted) & 7);
      if (isAhead || (!isRestart && this.#marker >= 0xc0)) {
        this.#isHopeless = true; // it is of a later interval, or the scan ends here: what is between stays empty
        return;
      }
      if (isRestart && !isBehind) break;
      this.#skipToMarker();
    }
    this.#isHopeless = false;
    this.#bits = new JpegBits(this.#file, this.#at);
    this.#marker = this.#bits.marker;
    this.#at = this.#bits.end;
  }

  #skipToMarker(): void {
    const next = new JpegBits(this.#file, this.#at);
    next.take(1); // throws where the file ends
    this.#marker = next.marker;
    this.#at = next.end;
  }
}
