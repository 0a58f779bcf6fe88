import type { GPUDevice } from "../../../core/platformTypes.ts";
import { WebgpuError } from "../errors.ts";

/** What is asked of WebGPU. */
export interface DeviceOptions {
  /** Ask for nothing beyond WebGPU's default limits and no optional feature: what Firefox or Safari may give. */
  readonly defaultLimits?: boolean;
  /** Which GPU, on machines with two. */
  readonly powerPreference?: "low-power" | "high-performance";
}

/** A device, and the adapter it came from by name: `google swiftshader`. */
export interface NamedDevice {
  readonly device: GPUDevice;
  readonly adapter: string;
  /** Whether it computes on the CPU. Other kernels are fast there. */
  readonly software: boolean;
}

/** Limits that are worth more than the default: large weights, large tiles. */
const WANTED = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
] as const;

/** What kernels use where it is there: threads that exchange values without barriers. */
const FEATURES: readonly GPUFeatureName[] = ["subgroups"];

/**
 * The page's or, in Node, Dawn's WebGPU. One adapter gives one device.
 *
 * @throws WebgpuError that names the cause and the cure
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<NamedDevice> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference });
  if (!adapter) {
    throw new WebgpuError(
      "no WebGPU adapter: the browser or the driver refuses this GPU; see chrome://gpu, or use the backend cpu",
    );
  }
  const requiredLimits = options.defaultLimits
    ? {}
    : Object.fromEntries(WANTED.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = options.defaultLimits ? [] : FEATURES.filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const { vendor, architecture, isFallbackAdapter } = adapter.info;
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|warp/i.test(architecture);
  return { device, adapter: [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter", software };
}

async function findGpu(): Promise<GPU> {
  if (typeof navigator !== "undefined" && navigator.gpu) return navigator.gpu;
  if (typeof process !== "undefined" && process.versions?.node) return (await import("./nodeGpu.ts")).nodeGpu();
  throw new WebgpuError(
    "this browser has no WebGPU here: navigator.gpu exists in recent browsers, on https or localhost only",
  );
}
