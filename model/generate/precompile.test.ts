import { describe, expect, it } from "vitest";
import { testDevice } from "../../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../../backends/webgpu/webgpu.ts";
import { getBackend, memory } from "../../tensor/index.ts";
import { Assistant } from "./assistant.ts";
import { precompile } from "./precompile.ts";
import { InfiMM } from "../infimm.ts";
import { configOf } from "../config/variants.ts";

const found = await testDevice();
const DOG = "model/infimm-tiny/pictures/dog.png";

describe.skipIf(!found)("precompile", () => {
  it("leaves nothing to compile to an assistant's first answer", async () => {
    const backend = await createWebgpuBackend(found!);
    const assistant = await Assistant.fromPretrained("model/infimm-tiny", { backend, precompile: true });
    const late: string[] = [];
    const compile = backend.device.createComputePipeline.bind(backend.device);
    backend.device.createComputePipeline = (descriptor) => {
      late.push(descriptor.label ?? "");
      return compile(descriptor);
    };
    let answer = "";
    for await (const piece of assistant.ask("What is this?", [DOG])) answer += piece;
    expect(answer).not.toBe("");
    expect(late).toEqual([]);
    assistant.model.dispose();
    backend.device.destroy();
  });

  it("takes no memory and gives the model back as it was, weights or not", async () => {
    const backend = await createWebgpuBackend((await testDevice())!);
    const model = new InfiMM(configOf("infimm-hd-stage1-7b"));
    const before = memory();
    const parameters = [...model.stateDict()];
    // as a model of 7 billion parameters has them; a GPU in software would compile for long
    backend.device.createComputePipelineAsync = async () => ({}) as GPUComputePipeline;
    await precompile(model, backend, new Map(parameters.map(([path]) => [path, "bf16"])));
    expect([...model.stateDict()]).toEqual(parameters);
    expect(memory()).toEqual(before);
    expect(backend.memory).toEqual({ live: 0, spare: 0 });
    backend.device.destroy();
  });

  it("does nothing where there is nothing to compile", async () => {
    await expect(precompile(new InfiMM(configOf("infimm-zephyr")), getBackend("meta"))).resolves.toBeUndefined();
  });
});
