/** Rows of equal length: ids [b, t], and 1 where a token is real, 0 where it is padding. */
export interface PaddedBatch {
  inputIds: Int32Array[];
  attentionMask: Int32Array[];
}

/** Drops ids from the left until `maxLength` are left, but never the first `keep` (the BOS token). */
export function truncateLeft(ids: readonly number[], maxLength: number, keep = 1): number[] {
  const dropped = ids.length - maxLength;
  return dropped <= 0 ? [...ids] : [...ids.slice(0, keep), ...ids.slice(keep + dropped)];
}

/** Pads on the left, so that every row ends where generation goes on. */
export function padLeft(rows: readonly (readonly number[])[], padId: number): PaddedBatch {
  const length = Math.max(0, ...rows.map((row) => row.length));
  const pad = (row: readonly number[], filler: number) => {
    const padded = new Int32Array(length).fill(filler);
    padded.set(row, length - row.length);
    return padded;
  };
  return {
    inputIds: rows.map((row) => pad(row, padId)),
    attentionMask: rows.map((row) => pad(new Array(row.length).fill(1), 0)),
  };
}
