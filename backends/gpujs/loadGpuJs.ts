import type { GPUDevice, GPUBuffer } from "../../core/platformTypes.ts";
import { InfimmError } from "../../core/errors.ts";

/** Where gpu.js runs its kernels. `webgl2` is in browsers only; `webgpu` needs our webgpu backend. */
export type GpuJsMode = "cpu" | "webasm" | "webgl2" | "webgpu";

/** A compiled kernel: call it with its arguments. gpu.js's own types say less, and some of it wrongly. */
export interface GpuJsKernel {
  (...args: unknown[]): unknown;
  setOutput(size: readonly number[]): this;
  /** The size that was set last. */
  readonly output: readonly number[];
  /** The backend's own kernel object. */
  readonly kernel: unknown;
  destroy(): void;
}

export interface GpuJs {
  createKernel(source: string, settings: Record<string, unknown>): GpuJsKernel;
  destroy(): Promise<void>;
}

/** What we use of the package. */
export interface GpuJsPackage {
  GPU: new (settings: { mode: GpuJsMode }) => GpuJs;
  WebGPUContext: { acquire(): Promise<{ device: GPUDevice }> };
  WebGPUBufferResult: new (settings: {
    buffer: GPUBuffer;
    output: readonly number[];
    context: object;
    kernel: unknown;
  }) => { delete(): void };
}

/** gpu.js is an optional peer: who does not use this backend need not install it. */
export async function loadGpuJs(load = importGpuJs): Promise<GpuJsPackage> {
  try {
    const loaded = (await load()) as GpuJsPackage & { default?: GpuJsPackage };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new InfimmError("the gpujs backend needs the package gpu.js: npm install gpu.js@2.24.1", { cause });
  }
}

/** In a `try` of its own: bundlers then do not mind if the package is not there. */
async function importGpuJs(): Promise<unknown> {
  try {
    return await import("gpu.js");
  } catch (error) {
    return Promise.reject(error);
  }
}
