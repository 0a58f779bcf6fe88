import type { BoundBlock } from "./dispatch.ts";

/** So many groups are kept. A token of a large model has about a thousand dispatches, most of them the next one's too. */
const MOST = 1 << 14;

/**
 * Bind groups, kept: making one costs more than all the rest of a dispatch. Memory is pooled, so work that is done again,
 * such as a token's, meets the same buffers again. Groups keep their buffers alive: when the pool gives memory back,
 * `clear` forgets them all.
 */
export class BindGroups {
  private readonly device: GPUDevice;
  private readonly arena: GPUBuffer;
  private readonly groups = new Map<string, GPUBindGroup>();

  /** @param arena the buffer with the parameters of all dispatches, which a dynamic offset chooses from */
  constructor(device: GPUDevice, arena: GPUBuffer) {
    this.device = device;
    this.arena = arena;
  }

  /** @param paramBytes how much of the arena is seen, from the offset on */
  get(layout: GPUBindGroupLayout, pattern: string, paramBytes: number, blocks: readonly BoundBlock[]): GPUBindGroup {
    let key = `${pattern}${paramBytes}`;
    for (const { block } of blocks) key += `,${block.id}`;
    let group = this.groups.get(key);
    if (!group) {
      if (this.groups.size >= MOST) this.clear();
      this.groups.set(key, (group = this.make(layout, paramBytes, blocks)));
    }
    return group;
  }

  clear(): void {
    this.groups.clear();
  }

  private make(layout: GPUBindGroupLayout, paramBytes: number, blocks: readonly BoundBlock[]): GPUBindGroup {
    const buffers = blocks.map(({ block }, i) => ({ binding: i + 1, resource: { buffer: block.gpu! } }));
    const params = { binding: 0, resource: { buffer: this.arena, size: paramBytes } };
    return this.device.createBindGroup({ layout, entries: [params, ...buffers] });
  }
}
