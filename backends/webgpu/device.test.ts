import { describe, expect, it } from "vitest";
import { softwareBrowser } from "./softwareAdapter.ts";
import { testDevice } from "./testDevice.ts";

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

it.skipIf(process.platform !== "linux" || process.arch !== "x64")("the software browser is unpacked once", () => {
  const { folder, env } = softwareBrowser();
  expect(softwareBrowser().folder).toBe(folder);
  expect(env["VK_ICD_FILENAMES"]).toContain(folder);
});
