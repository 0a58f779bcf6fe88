import type { Block } from "../memory/blockPool.ts";

/** A block that a kernel sees. */
export interface BoundBlock {
  readonly block: Block;
  readonly writable: boolean;
}

/** One run of a kernel. */
export interface Dispatch {
  /** Names the source: equal keys have equal sources. */
  readonly key: string;
  /** WGSL, asked for when the key is new. Binding 0 is the uniform `params`, the blocks are 1, 2, … */
  readonly source: () => string;
  readonly blocks: readonly BoundBlock[];
  /** u32 words; see `floatBits`. */
  readonly params: readonly number[];
  /** Workgroups. Kernels number them as `group.x + group.y * groups.x`, because a dimension has at most 65,535. */
  readonly groups: number;
}
