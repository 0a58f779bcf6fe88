import { afterAll } from "vitest";
import { type DeviceOptions, type NamedDevice, requestDevice } from "./device/requestDevice.ts";
import { WebgpuError } from "./errors.ts";

const devices: GPUDevice[] = [];
const refused: string[] = [];

/**
 * A device for tests, as the variable WEBGPU says: `off`: none; `require` (CI): throws where there is none;
 * `auto` (the default): none, and one printed line with the cause and the cure. For `describe.skipIf(!device)`.
 * What WebGPU refuses on it fails the file, unless a test takes it.
 */
export async function testDevice(options?: DeviceOptions): Promise<NamedDevice | undefined> {
  const wish = process.env["WEBGPU"] ?? "auto";
  if (wish === "off") return undefined;
  try {
    const found = await requestDevice(options);
    devices.push(found.device);
    found.device.addEventListener("uncapturederror", (event) => {
      refused.push((event as GPUUncapturedErrorEvent).error.message);
    });
    return found;
  } catch (error) {
    if (wish === "require") throw error;
    console.warn(`WebGPU tests are skipped: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** What WebGPU has refused since the last call: for tests that provoke it. */
export function takeRefusals(): string[] {
  return refused.splice(0);
}

afterAll(async () => {
  for (const { queue, lost } of devices) await Promise.race([queue.onSubmittedWorkDone(), lost]).catch(() => {});
  const left = takeRefusals();
  if (left.length > 0) throw new WebgpuError(`WebGPU refused ${left.length} calls of these tests: ${left.join("\n")}`);
});
