import { describe, expect, it } from "vitest";
import { backendNames, fromData, getBackend, openBackend } from "../../tensor/index.ts";
import { DeviceLostError } from "./errors.ts";
import { softwareBrowser } from "./softwareAdapter.ts";
import { testDevice } from "./testDevice.ts";
import type { WebgpuBackend } from "./webgpu.ts";

const found = await testDevice();

describe.skipIf(!found)("a device", () => {
  it("has the adapter's limits, or the default ones", async () => {
    const plain = (await testDevice({ defaultLimits: true }))!;
    expect(plain.device.limits.maxStorageBufferBindingSize).toBe(128 * 2 ** 20);
    expect(found!.device.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(found!.adapter).not.toBe("");
    plain.device.destroy();
    found!.device.destroy();
  });
});

describe.skipIf(!found)("openBackend", () => {
  it("makes webgpu once, and anew when its device is lost", async () => {
    expect(backendNames()).toContain("webgpu");
    const [first, same] = await Promise.all([openBackend("webgpu"), openBackend("webgpu")]);
    expect(same).toBe(first);
    expect(getBackend("webgpu")).toBe(first);
    const x = fromData(Float32Array.of(1, 2), [2], "f32", first);
    const double = () => x.mul(2).data();
    expect(await double()).toEqual(Float32Array.of(2, 4));
    (first as WebgpuBackend).device.destroy();
    await expect(x.data()).rejects.toThrow(DeviceLostError);
    expect(() => x.mul(2)).toThrow(DeviceLostError);
    const second = await openBackend("webgpu");
    expect(second).not.toBe(first);
    expect(await fromData(Float32Array.of(1, 2), [2], "f32", second).mul(2).data()).toEqual(Float32Array.of(2, 4));
    (second as WebgpuBackend).device.destroy();
  });
});

it.skipIf(process.platform !== "linux" || process.arch !== "x64")("the software browser is unpacked once", () => {
  const { folder, env } = softwareBrowser();
  expect(softwareBrowser().folder).toBe(folder);
  expect(env["VK_ICD_FILENAMES"]).toContain(folder);
});
