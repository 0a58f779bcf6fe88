import { describe, expect, it } from "vitest";
import { backendNames, fromData, getBackend, openBackend } from "../../../tensor/index.ts";
import { DeviceLostError } from "../errors.ts";
import { softwareBrowser } from "./softwareAdapter.ts";
import { testDevice } from "../testDevice.ts";
import { createWebgpuBackend, type WebgpuBackend } from "../webgpu.ts";

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

describe.skipIf(!found)("a device of the caller's", () => {
  it("may be shared by two backends", async () => {
    const { device } = (await testDevice())!;
    const [one, other] = [await createWebgpuBackend({ device }), await createWebgpuBackend({ device })];
    const values = Float32Array.of(1, 2, 3);
    const sums = [one, other].map((backend) => fromData(values, [3], "f32", backend).sum());
    expect([await sums[0].item(), await sums[1].item()]).toEqual([6, 6]);
    device.destroy();
    await expect(sums[0].item()).rejects.toThrow(DeviceLostError);
    await expect(sums[1].item()).rejects.toThrow(DeviceLostError);
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
