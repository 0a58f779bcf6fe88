/**
 * Sizes at which the backend takes another way: each was measured. What is computed depends on none of them but for how
 * it is rounded, which smallest.test.ts shows: it runs conformance with all of them at their least.
 */
export interface Tuning {
  /** Bytes of an arena that tensors may take; the rest of its 4 GiB is left for scratch. Larger tensors get an arena each. */
  readonly arenaBytes: number;
  /** Numbers in the table of arguments: how many tasks are posted at once. */
  readonly tableWords: number;
  /** Elements of a task of the cheapest work, such as a sum: 10 microseconds, as long as it pays to call another thread for. */
  readonly taskElements: number;
  /** At most this many tasks of a map for each thread: each costs a microsecond. */
  readonly tasksPerThread: number;
  /** Dims that a map's kernel loops over; the loops round those are JavaScript's. */
  readonly kernelDims: number;
  /** Below this many multiply-adds, waking other threads costs more than they save. */
  readonly alone: number;
  /** With at most this many rows on the left, reading the right side as it lies is faster than packing it, or than spreading out a quantised one. */
  readonly fewRows: number;
  /** At most this many multiply-adds are made in one go, without packing. */
  readonly smallProduct: number;
  /** A product with at most this many rows, columns or depths leaves most of a tile empty … */
  readonly narrow: number;
  /** … and so counts as small up to this many multiply-adds. */
  readonly narrowProduct: number;
  /** … all matrices of a batch together, where they could be multiplied as they lie in tiles: that is four times as fast, and less exact. */
  readonly smallBatch: number;
  /** Matrices with at most this many rows, columns and depths are multiplied as they lie, but for b where its columns are no neighbours. At most `depths`. */
  readonly directSize: number;
  /** Rows and columns of the result that one task computes, about: their panels of one depth block stay in the L2 cache. */
  readonly taskRows: number;
  readonly taskColumns: number;
  /** Depths that are summed at a time, a multiple of 8: 8 columns of them take 8 KB, which stay in the L1 cache. */
  readonly depths: number;
  /** Bytes of the right side that one task reads where it is read as it lies: they stay in the L2 cache for all rows on the left. */
  readonly taskBytes: number;
  /** Bytes of a quantised weight that are spread out as f32 at a time. */
  readonly spreadBytes: number;
  /** With at most this many queries a key head, packing keys and values would cost more than reading them as they lie. */
  readonly fewQueries: number;
  /** Tiles of queries that a task of attention does. */
  readonly taskTiles: number;
}

export const TUNED: Tuning = {
  arenaBytes: 2 ** 32 - 512 * 2 ** 20,
  tableWords: 2 ** 15,
  taskElements: 2 ** 15,
  tasksPerThread: 16,
  kernelDims: 4,
  alone: 2 ** 17,
  fewRows: 8,
  smallProduct: 2 ** 19,
  narrow: 8,
  narrowProduct: 2 ** 21,
  smallBatch: 2 ** 20,
  directSize: 128,
  taskRows: 96,
  taskColumns: 512,
  depths: 256,
  taskBytes: 2 ** 18,
  spreadBytes: 2 ** 23,
  fewQueries: 8,
  taskTiles: 16,
};
