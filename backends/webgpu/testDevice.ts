import { type DeviceOptions, type NamedDevice, requestDevice } from "./device.ts";

/**
 * A device for tests, as the variable WEBGPU says: `off`: none; `require` (CI): throws where there is none;
 * `auto` (the default): none, and one printed line with the cause and the cure. For `describe.skipIf(!device)`.
 */
export async function testDevice(options?: DeviceOptions): Promise<NamedDevice | undefined> {
  const wish = process.env["WEBGPU"] ?? "auto";
  if (wish === "off") return undefined;
  try {
    return await requestDevice(options);
  } catch (error) {
    if (wish === "require") throw error;
    console.warn(`WebGPU tests are skipped: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
