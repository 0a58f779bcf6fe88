import { BYTES } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { type GpuBuffer, USAGE } from "../webgpu/memory/blockPool.ts";
import type { WebgpuBackend } from "../webgpu/webgpu.ts";
import { helpersOf } from "./helpers.ts";
import { CompileQueue } from "./compileQueue.ts";
import type { GpuJsPackage } from "./loadGpuJs.ts";
import { EXACT, type Runner, settingsOf, spanOf } from "./runner.ts";

/** What we need of gpu.js's WebGPUKernel: where it writes to. It keeps count of who uses a buffer. */
interface WebgpuKernel {
  outputBuffer: (GPUBuffer & { _refs?: number }) | null;
  bindGroupDirty: boolean;
}

/**
 * Kernels over the buffers of our webgpu backend, on its device: nothing is copied on the way in or out.
 */
export async function createDeviceRunner(
  { GPU, WebGPUContext, WebGPUBufferResult }: GpuJsPackage,
  base: WebgpuBackend,
): Promise<Runner> {
  const { device, recorder } = base;
  const { gpu, context } = await offering(device, async () => ({
    gpu: new GPU({ mode: "webgpu" }),
    context: await WebGPUContext.acquire(),
  }));
  if (context.device !== device) {
    throw new InfimmError(
      "gpu.js works on one WebGPU device, and has another one already: destroy that, or make the gpujs backend on it",
    );
  }
  const blockOf = ({ buffer }: Operand) => (buffer as GpuBuffer).blocks[0].gpu!;
  const handle = (buffer: GPUBuffer) =>
    new WebGPUBufferResult({ buffer, output: [buffer.size / 4], context, kernel: null });

  /** gpu.js compiles in the first run: this one is on nothing. */
  const queue = new CompileQueue(async (kernel) => {
    const { source, arrays, integers, floats } = kernel;
    const call = gpu.createKernel(source, { ...settingsOf(kernel), functions: helpersOf(source), pipeline: true });
    const nothing = device.createBuffer({ size: 4, usage: USAGE.STORAGE });
    await call(...arrays.map(() => handle(nothing)), ...integers.map(() => 0), ...floats.map(() => 0));
    nothing.destroy();
    return call;
  });

  return {
    inOrder: (kernel, work) => queue.inOrder(kernel, work),
    takeFailure: () => queue.takeFailure(),
    fits(operand) {
      const { blocks, blockBytes } = operand.buffer as GpuBuffer;
      const within = blocks.length === 1 && sizeOf(operand.shape) * BYTES.f32 <= blockBytes;
      return within && operand.offset + spanOf(operand) <= EXACT;
    },
    writesInto: (out, inputs) => out.offset === 0 && inputs.every(({ data }) => data !== blockOf(out)),
    argument: (operand) => ({ data: blockOf(operand), offset: operand.offset }),
    run(kernel, inputs, numbers, size, out) {
      recorder.submit(); // what was recorded before runs before
      const call = queue.compiled(kernel);
      const target: WebgpuKernel["outputBuffer"] = blockOf(out);
      target._refs = (target._refs ?? 0) + 1; // never gpu.js's to destroy
      Object.assign(call.kernel as WebgpuKernel, { outputBuffer: target, bindGroupDirty: true });
      const done = call.setOutput(size)(...inputs.map(({ data }) => handle(data as GPUBuffer)), ...numbers);
      (done as Promise<unknown>).catch((error) => queue.fail(error));
    },
  };
}

/** Run `fn` while `navigator.gpu`, where gpu.js looks for a device, gives ours. */
async function offering<T>(device: GPUDevice, fn: () => Promise<T>): Promise<T> {
  const adapter = { limits: device.limits, features: device.features, info: {}, requestDevice: async () => device };
  const gpu = { configurable: true, value: { requestAdapter: async () => adapter } };
  const had = typeof navigator !== "undefined"; // Node 20 has none
  if (!had) Object.defineProperty(globalThis, "navigator", { configurable: true, value: {} });
  const before = Object.getOwnPropertyDescriptor(navigator, "gpu");
  Object.defineProperty(navigator, "gpu", gpu);
  try {
    return await fn();
  } finally {
    if (before) Object.defineProperty(navigator, "gpu", before);
    else Reflect.deleteProperty(navigator, "gpu");
    if (!had) Reflect.deleteProperty(globalThis, "navigator");
  }
}
