import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { report } from "../nn/report.ts";
import { collect } from "../nn/shapeComments/recorder.ts";
import { empty, getBackend } from "../tensor/index.ts";
import { InfiMM } from "./infimm.ts";
import { PerceiverResampler } from "./perceiver/perceiverResampler.ts";
import { configOf } from "./config/variants.ts";

describe("on shapes alone", () => {
  it("runs InfiMM-Zephyr's 9.8 billion parameters on shapes alone", () => {
    const model = new InfiMM(configOf("infimm-zephyr"));
    const { total, unused, rows } = report(model);
    expect(total.parameters).toBe(9840832224);
    expect(rows[0].output).toEqual([1, 32, 32002]);
    expect(
      unused.map((path) => path.replace(/\.(weight|bias)$/, "")).filter((p, i, all) => all.indexOf(p) === i),
    ).toEqual(
      ["model.vision_encoder.norm", "model.vision_encoder.head"], // biome-ignore format: one list
    );
  });

  it.each(["infimm-llama-13b", "infimm-vicuna-13b", "infimm-hd-stage1-13b", "infimm-hd-stage1-7b"] as const)(
    "%s runs, its shape comments checked",
    (name) => {
      const model = new InfiMM(configOf(name));
      const { rows } = report(model, model.exampleInputs({ tokens: 7, images: 3 }));
      expect(rows[0].output).toEqual([1, 7, model.config.language.vocab_size]);
    },
  );

  it("every line of the resampler shows its shape", () => {
    const resampler = new PerceiverResampler(8, { depth: 1, heads: 2, dim_head: 4, num_latents: 3, ff_mult: 2 });
    const lines = collect(() => resampler.call(empty([2, 5, 1, 7, 8], "f32", getBackend("meta"))));
    const sim = lines.find(({ comment, file }) => file.endsWith("perceiverAttention.ts") && comment.includes("v+n"))!;
    expect(sim.names).toMatchObject({ b: 2, m: 5, v: 7, n: 3 });
    const source = readFileSync(sim.file, "utf8").split("\n");
    expect(source[sim.line - 1]).toContain(sim.code);
  });

  it("an error's stack has the line of the source", () => {
    const resampler = new PerceiverResampler(8, { depth: 1, heads: 2, dim_head: 4, num_latents: 3, ff_mult: 2 });
    const source = readFileSync("model/perceiver/perceiverResampler.ts", "utf8").split("\n");
    const line = source.findIndex((text) => text.includes("const x = rearrange")) + 1;
    try {
      resampler.call(empty([2, 5, 7, 8], "f32", getBackend("meta")));
      expect.unreachable();
    } catch (error) {
      expect((error as Error).stack).toContain(`perceiverResampler.ts:${line}:`);
    }
  });
});
