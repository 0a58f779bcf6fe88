import type { BoundBlock } from "./dispatch.ts";

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** `rrw`: which of its buffers are read and which are written. */
  readonly pattern: string;
}

const COMPUTE_STAGE = 4;

/** Compiled kernels by their keys, and bind group layouts by which of their buffers are written. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly kernels = new Map<string, CompiledKernel>();
  private readonly preparing = new Set<string>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  get size(): number {
    return this.kernels.size;
  }

  get(key: string, source: () => string, blocks: readonly BoundBlock[]): CompiledKernel {
    let kernel = this.kernels.get(key);
    if (!kernel) this.kernels.set(key, (kernel = this.compile(key, source(), blocks)));
    return kernel;
  }

  /** Compile in the background, unless it is there. What cannot be compiled is told when it is used. */
  async prepare(key: string, source: () => string, blocks: readonly BoundBlock[]): Promise<void> {
    if (this.kernels.has(key) || this.preparing.has(key)) return;
    this.preparing.add(key);
    try {
      const { layout, pattern, descriptor } = this.describe(key, source(), blocks);
      const pipeline = await this.device.createComputePipelineAsync(descriptor);
      this.kernels.set(key, { pipeline, layout, pattern });
    } catch {
    } finally {
      this.preparing.delete(key);
    }
  }

  private compile(key: string, code: string, blocks: readonly BoundBlock[]): CompiledKernel {
    const { layout, pattern, descriptor } = this.describe(key, code, blocks);
    return { pipeline: this.device.createComputePipeline(descriptor), layout, pattern };
  }

  private describe(label: string, code: string, blocks: readonly BoundBlock[]) {
    const pattern = blocks.map(({ writable }) => (writable ? "w" : "r")).join("");
    const layout = this.layoutOf(pattern);
    const enable = /\bsubgroup[A-Z]/.test(code) ? "enable subgroups;\n" : ""; // a kernel names what it uses at its top
    const module = this.device.createShaderModule({ code: enable + code, label });
    const pipelineLayout = this.device.createPipelineLayout({ bindGroupLayouts: [layout] });
    return { layout, pattern, descriptor: { label, layout: pipelineLayout, compute: { module, entryPoint: "main" } } };
  }

  /** `rrw`: two buffers that are read, one that is written; before them the parameters. */
  private layoutOf(pattern: string): GPUBindGroupLayout {
    let layout = this.layouts.get(pattern);
    if (!layout) {
      const params: GPUBindGroupLayoutEntry = {
        binding: 0,
        visibility: COMPUTE_STAGE,
        buffer: { type: "uniform", hasDynamicOffset: true },
      };
      const buffers = [...pattern].map(
        (mode, i): GPUBindGroupLayoutEntry => ({
          binding: i + 1,
          visibility: COMPUTE_STAGE,
          buffer: { type: mode === "w" ? "storage" : "read-only-storage" },
        }),
      );
      this.layouts.set(pattern, (layout = this.device.createBindGroupLayout({ entries: [params, ...buffers] })));
    }
    return layout;
  }
}
