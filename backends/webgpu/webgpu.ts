import type { Backend, DeviceBuffer } from "../../tensor/backend.ts";
import { type DeviceOptions, type NamedDevice, requestDevice } from "./device.ts";
import { copy, map } from "./map.ts";
import type { GpuBuffer } from "./memory.ts";
import { type Counters, Recorder } from "./recorder.ts";

/** The WebGPU backend, with what it tells beyond the interface. */
export interface WebgpuBackend extends Backend {
  readonly device: GPUDevice;
  readonly adapter: string;
  readonly recorder: Recorder;
  /** Kernels, submissions, uploads and reads so far. */
  readonly counters: Readonly<Counters>;
  /** Bytes of GPU memory that tensors use, and bytes kept for reuse. */
  readonly memory: { readonly live: number; readonly spare: number };
}

/** Hand-written WGSL on a device of the caller's, or on one that is asked for. */
export async function createWebgpuBackend(from: NamedDevice | DeviceOptions = {}): Promise<WebgpuBackend> {
  const { device, adapter } = "device" in from ? from : await requestDevice(from);
  const recorder = new Recorder(device);
  const blockOf = (buffer: DeviceBuffer) => (buffer as GpuBuffer).block;
  return {
    name: "webgpu",
    device,
    adapter,
    recorder,
    counters: recorder.counters,
    get memory() {
      return { live: recorder.pool.live, spare: recorder.pool.spare };
    },
    alloc: (byteLength) => recorder.alloc(byteLength),
    free: (buffer) => recorder.free(buffer as GpuBuffer),
    write: (buffer, data) => recorder.write(blockOf(buffer), data),
    read: (buffer, byteOffset, byteLength) => recorder.read(blockOf(buffer), byteOffset, byteLength),
    flush: () => recorder.flush(),
    map: (expr, inputs, out) => map(recorder, expr, inputs, out),
    copy: (input, out) => copy(recorder, input, out),
  } as WebgpuBackend;
}
