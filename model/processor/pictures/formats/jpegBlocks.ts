import type { HuffmanTable, JpegBits } from "./jpegBits.ts";
import { ZIGZAG } from "./jpegTables.ts";

/** One colour of a picture: blocks of 64 coefficients, [down, across, 64], as many as whole units of the picture need. */
export interface Plane {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  readonly quantNumber: number;
  readonly across: number;
  readonly down: number;
  /** Blocks that hold something of the picture: those of a scan of this colour alone. */
  readonly ownAcross: number;
  readonly ownDown: number;
  readonly coefficients: Int16Array;
  /** As at the plane's first scan. */
  quantTable: Uint16Array | undefined;
}

/** A colour of a scan, with the tables of its codes. */
export interface ScanPart {
  readonly plane: Plane;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

/** What goes on from block to block: the last DC of each colour, and how many blocks more have nothing in their band. */
export interface ScanState {
  readonly lastDc: number[];
  emptyBlocks: number;
}

/** Reads one block's share of a scan, into 64 coefficients at `at`. `index` is the colour's number in the scan. */
export type DecodeBlock = (bits: JpegBits, part: ScanPart, state: ScanState, index: number, at: number) => void;

/** Which coefficients a progressive scan is of, and which of their bits (ITU-T T.81, annex G). */
export interface ScanRange {
  /** The first and last coefficient, in zigzag order. */
  readonly start: number;
  readonly end: number;
  /** 0 in the first scan of a band; else one bit is added to what is there. */
  readonly before: number;
  /** Bits that later scans bring. */
  readonly shift: number;
}

/** A block of a sequential scan (annex F). */
export const decodeSequential: DecodeBlock = (bits, { plane, dc, ac }, { lastDc }, index, at) => {
  lastDc[index] = (lastDc[index] + bits.takeSigned(bits.decode(dc))) | 0;
  plane.coefficients[at] = lastDc[index];
  for (let k = 1; k < 64; k++) {
    const code = bits.decode(ac);
    const size = code & 15;
    k += code >> 4;
    if (size > 0) plane.coefficients[at + ZIGZAG[k]] = bits.takeSigned(size);
    else if (code >> 4 < 15) return;
  }
};

export function progressiveDecoder(range: ScanRange): DecodeBlock {
  if (range.start === 0) return range.before === 0 ? firstDc(range) : moreDc(range);
  return range.before === 0 ? firstBand(range) : moreBand(range);
}

const firstDc =
  ({ shift }: ScanRange): DecodeBlock =>
  (bits, { plane, dc }, { lastDc }, index, at) => {
    lastDc[index] = (lastDc[index] + bits.takeSigned(bits.decode(dc))) | 0;
    plane.coefficients[at] = lastDc[index] << shift;
  };

const moreDc =
  ({ shift }: ScanRange): DecodeBlock =>
  (bits, { plane }, _state, _index, at) => {
    if (bits.take(1)) plane.coefficients[at] |= 1 << shift;
  };

const firstBand =
  ({ start, end, shift }: ScanRange): DecodeBlock =>
  (bits, { plane, ac }, state, _index, at) => {
    if (state.emptyBlocks > 0) {
      state.emptyBlocks--;
      return;
    }
    for (let k = start; k <= end; k++) {
      const code = bits.decode(ac);
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run < 15) {
        state.emptyBlocks = (1 << run) + bits.take(run) - 1;
        return;
      }
      k += run;
      if (size > 0) plane.coefficients[at + ZIGZAG[k]] = bits.takeSigned(size) << shift;
    }
  };

const moreBand =
  ({ start, end, shift }: ScanRange): DecodeBlock =>
  (bits, { plane: { coefficients }, ac }, state, _index, at) => {
    /** One bit more of a coefficient that is not 0. */
    const refine = (place: number): void => {
      const value = coefficients[place];
      if (bits.take(1) && (value & (1 << shift)) === 0) coefficients[place] += (value >= 0 ? 1 : -1) << shift;
    };
    let k = start;
    while (state.emptyBlocks === 0 && k <= end) {
      const code = bits.decode(ac);
      let run = code >> 4;
      let added = 0;
      if ((code & 15) > 0) added = bits.take(1) ? 1 << shift : -1 << shift;
      else if (run < 15) {
        state.emptyBlocks = (1 << run) + bits.take(run);
        break;
      }
      for (; k <= end; k++) {
        if (coefficients[at + ZIGZAG[k]] !== 0) refine(at + ZIGZAG[k]);
        else if (--run < 0) break;
      }
      if (added !== 0) coefficients[at + ZIGZAG[k]] = added;
      k++;
    }
    if (state.emptyBlocks === 0) return;
    for (; k <= end; k++) if (coefficients[at + ZIGZAG[k]] !== 0) refine(at + ZIGZAG[k]);
    state.emptyBlocks--;
  };
