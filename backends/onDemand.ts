/**
 * Backends on a GPU, loaded when they are made: who imports this package for the others loads none of them. Inside of
 * this project, import the files themselves.
 */

/** See webgpu/webgpu.ts. */
export const createWebgpuBackend: typeof import("./webgpu/webgpu.ts").createWebgpuBackend = async (...args) =>
  (await import("./webgpu/webgpu.ts")).createWebgpuBackend(...args);

/** See gpujs/gpujs.ts. */
export const createGpuJsBackend: typeof import("./gpujs/gpujs.ts").createGpuJsBackend = async (...args) =>
  (await import("./gpujs/gpujs.ts")).createGpuJsBackend(...args);
