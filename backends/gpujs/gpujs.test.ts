import { describe, expect, it } from "vitest";
import { diagnose } from "../../golden/diagnose.ts";
import { checkSet } from "../../golden/run.ts";
import { registerBackend } from "../../tensor/backend.ts";
import { conformance } from "../conformance.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { createGpuJsBackend } from "./gpujs.ts";

describe.each(["cpu", "webasm"] as const)("gpu.js in mode %s", (mode) => {
  conformance("it", () => createGpuJsBackend({ mode, base: createCpuBackend() }));

  it("computes infimm-tiny as PyTorch does: activations, taps, loss, gradients, answers", async () => {
    registerBackend(await createGpuJsBackend({ mode, base: createCpuBackend() }));
    const { checks } = await checkSet("model/infimm-tiny", { backend: "gpujs" });
    expect(diagnose(checks)?.text).toBeUndefined();
    expect(checks.filter(({ how }) => how === "chain").length).toBeGreaterThan(100);
  });
});
