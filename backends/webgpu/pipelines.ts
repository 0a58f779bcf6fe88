import type { Window } from "./recorder.ts";

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const COMPUTE_STAGE = 4;

/** Compiled kernels by their keys, and bind group layouts by which of their buffers are written. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly kernels = new Map<string, CompiledKernel>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  get size(): number {
    return this.kernels.size;
  }

  get(key: string, source: () => string, windows: readonly Window[]): CompiledKernel {
    let kernel = this.kernels.get(key);
    if (!kernel) this.kernels.set(key, (kernel = this.compile(key, source(), windows)));
    return kernel;
  }

  private compile(label: string, code: string, windows: readonly Window[]): CompiledKernel {
    const layout = this.layoutOf(windows.map(({ writable }) => (writable ? "w" : "r")).join(""));
    const module = this.device.createShaderModule({ code, label });
    const pipeline = this.device.createComputePipeline({
      label,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    return { pipeline, layout };
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
