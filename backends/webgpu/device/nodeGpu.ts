import { WebgpuError } from "../errors.ts";
import { hasVulkanLoader, useSoftwareAdapter } from "./softwareAdapter.ts";

/** The exports of the optional peer `webgpu`, which is Dawn. */
interface Dawn {
  create(options: string[]): GPU;
}

/** Dawn ends the process if one of these is garbage-collected while a device of it lives: all stay here. */
const instances: GPU[] = [];

/**
 * WebGPU in Node: Dawn on the machine's GPU; without one, on SwiftShader from npm, where that is installed.
 *
 * @throws WebgpuError that names the cause and the cure
 */
export async function nodeGpu(): Promise<GPU> {
  const dawn = await importDawn();
  if (process.platform !== "linux" || hasVulkanLoader()) {
    const gpu = create(dawn);
    if (await gpu.requestAdapter()) return gpu;
  }
  try {
    useSoftwareAdapter();
  } catch (error) {
    const cause = error instanceof Error ? error.message : error;
    throw new WebgpuError(`no GPU driver (Vulkan, Metal or D3D12) was found, and no software one: ${cause}`);
  }
  return create(dawn); // a new one: an instance looks for drivers once
}

function create(dawn: Dawn): GPU {
  const gpu = dawn.create([]);
  instances.push(gpu);
  return gpu;
}

async function importDawn(): Promise<Dawn> {
  const name = "webgpu"; // in a variable: the package is optional, and has types that clash with lib.dom's
  try {
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
  } catch (error) {
    const cause = error instanceof Error ? error.message.split("\n")[0] : error;
    throw new WebgpuError(`WebGPU in Node needs the package "webgpu": npm install webgpu (${cause})`);
  }
}
