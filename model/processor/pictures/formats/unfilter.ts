import { FileFormatError } from "../../../../core/errors.ts";

/**
 * Undoes PNG's row filters in place (PNG specification, 9): `data` [height, 1 + rowBytes], each row led by its filter.
 * `pixelBytes` is the distance to "the pixel to the left": the bytes of a pixel, at least 1.
 */
export function unfilter(data: Uint8Array, height: number, rowBytes: number, pixelBytes: number): void {
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1) + 1;
    const row = data.subarray(start, start + rowBytes);
    const above = y === 0 ? new Uint8Array(rowBytes) : data.subarray(start - rowBytes - 1, start - 1);
    unfilterRow(data[start - 1], row, above, pixelBytes);
  }
}

function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const length = row.length;
  if (filter === 0) return;
  if (filter === 1) for (let i = pixelBytes; i < length; i++) row[i] += row[i - pixelBytes];
  else if (filter === 2) for (let i = 0; i < length; i++) row[i] += above[i];
  else if (filter === 3) {
    for (let i = 0; i < length; i++) row[i] += ((i < pixelBytes ? 0 : row[i - pixelBytes]) + above[i]) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < pixelBytes && i < length; i++) row[i] += above[i];
    for (let i = pixelBytes; i < length; i++) row[i] += paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
  } else throw new FileFormatError(`it is damaged: a row says filter ${filter}, and there are 0 to 4`);
}

/** Whichever of left, above and above left is nearest to left + above - aboveLeft. */
function paeth(left: number, above: number, aboveLeft: number): number {
  const toLeft = Math.abs(above - aboveLeft);
  const toAbove = Math.abs(left - aboveLeft);
  const toAboveLeft = Math.abs(left + above - 2 * aboveLeft);
  if (toLeft <= toAbove && toLeft <= toAboveLeft) return left;
  return toAbove <= toAboveLeft ? above : aboveLeft;
}
