import { expect, it } from "vitest";
import { configOf } from "../model/config/variants.ts";
import { InfiMM } from "../model/infimm.ts";
import * as nn from "../nn/index.ts";
import { runsOf } from "./generate/everyForward.ts";

const runs = runsOf("infimm-zephyr");

it("shows every forward of a module of model/ that runs, as often as the report counts it", () => {
  const counted = new Map<string, number>();
  for (const { type, calls } of nn.report(new InfiMM(configOf("infimm-zephyr"))).rows) {
    if (calls > 0 && !(type in nn)) counted.set(type, (counted.get(type) ?? 0) + calls);
  }
  const shown = runs.filter(({ name }) => name.endsWith(".forward"));
  expect(new Map(shown.map(({ name, calls }) => [name.split(".")[0], calls]))).toEqual(counted);
});

it("shows callers before what they call, and functions beside methods", () => {
  const order = ["Flamingo.encode", "EVAVisionTransformer.forward", "rotatePatches", "PerceiverResampler.forward", "mediaPlaces", "LanguageModel.forward", "DecoderLayer.forward", "SelfAttention.forward"]; // biome-ignore format: one line
  const names = runs.map(({ name }) => name);
  expect(names.filter((name) => order.includes(name))).toEqual(order);
});
