import { TUNED, type Tuning } from "./tuning.ts";

/** All that is shared is shared among threads, in the smallest pieces; memories are small, so that operands lie in several. */
const SMALLEST: Tuning = {
  ...TUNED,
  arenaBytes: 2 ** 21,
  tableWords: 4 * 16, // four tasks of common kernels
  taskElements: 1,
  kernelDims: 2,
  alone: 0,
  taskRows: 1,
  taskColumns: 1,
  depths: 8,
  taskBytes: 1,
  spreadBytes: 1,
  taskTiles: 1,
};

/** Products and attention of any size are packed. */
export const PACKED: Tuning = { ...SMALLEST, fewRows: 0, smallProduct: 0, narrow: 0, directSize: 0, fewQueries: 0 };

/** Products of any matrices that have f32 side by side read them as they lie, in tiles. */
export const DIRECT: Tuning = { ...PACKED, directSize: 2 ** 10, depths: 2 ** 10 };

/** They read their operands as they lie, row by row … */
export const AS_IT_LIES: Tuning = {
  ...SMALLEST,
  fewRows: Infinity,
  smallProduct: Infinity,
  narrowProduct: Infinity,
  smallBatch: Infinity,
  fewQueries: Infinity,
};

/** … or as small products do. */
export const SMALL_PRODUCTS: Tuning = { ...AS_IT_LIES, fewRows: 0 };
