import { expect, test } from "vitest";
import { patched } from "../../nn/patch.ts";
import { traced } from "../../nn/trace.ts";
import { createCpuBackend } from "../../backends/cpu/cpu.ts";
import { getBackend, memory, scope, type Tensor } from "../../tensor/index.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import { modelInputs } from "../inputs.ts";
import { generate } from "./generate.ts";
import { A, B, C, prompts } from "./prompts.fixture.ts";

const cpu = getBackend("cpu");
const model = await loadPretrained("golden/fixtures/tiny-zephyr", { backend: cpu });
const options = { maxNewTokens: 2, eosTokenIds: [] };
const asked = prompts([A]);
const plain = await generate(model, asked, options);

/** What runs while an answer is made, and how often: the pictures once, the rest for each token. */
const RUNS: [path: string, runs: number][] = [
  ["", 2],
  ["model", 2],
  ["model.vision_encoder", 1],
  ["model.vision_encoder.blocks.0.attn:attn", 1],
  ["model.perceiver", 1],
  ["model.perceiver.layers.0.0:attn", 1],
  ["model.lang_encoder", 2],
  ["model.lang_encoder.model", 2],
  ["model.lang_encoder.model.layers.1", 2],
  ["model.lang_encoder.model.layers.1.gated_cross_attn_layer", 2],
  ["model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn:attn", 2],
  ["model.lang_encoder.model.layers.1.decoder_layer.self_attn:attn", 2],
  ["model.lang_encoder.model.norm", 2],
  ["model.lang_encoder.lm_head", 2],
];

test("a trace sees all that runs while an answer is made", async () => {
  const before = memory();
  const look = async () => {
    using t = traced(model, { keep: RUNS.map(([path]) => path), runs: "all" });
    expect(await generate(model, asked, options)).toEqual(plain);
    const logits = t.runs.get("")!;
    expect(logits.map(({ shape }) => shape)).toEqual(new Array(2).fill([1, 1, model.config.language.vocab_size]));
    for (const [i, act] of logits.entries())
      expect([...(await act.data())].indexOf(Math.max(...(await act.data())))).toBe(plain[0][i]);
    return RUNS.map(([path]): [string, number] => [path, t.runs.get(path)!.length]);
  };
  expect(await look()).toEqual(RUNS);
  expect(memory()).toEqual(before);
});

test("a patch holds for every run: with a cache, without, and in beams", async () => {
  const counted = async (more: object) => {
    const runs = new Map<string, number>();
    const count = (path: string) => (y: Tensor) => {
      runs.set(path, (runs.get(path) ?? 0) + 1);
      return y.mul(1);
    };
    using _ = patched(model, Object.fromEntries(RUNS.map(([path]) => [path, count(path)])));
    await generate(model, asked, { ...options, ...more });
    return RUNS.map(([path]): [string, number] => [path, runs.get(path)!]);
  };
  for (const more of [{}, { useCache: false }, { beams: 2 }]) expect(await counted(more)).toEqual(RUNS);
});

test("a patch of any module on the way to the logits changes the answer, as it changes the plain forward", async () => {
  const turned = async (path: string) => {
    using _ = patched(model, { [path]: (y) => y.neg() });
    return await generate(model, asked, { ...options, imageToken: "emulate" });
  };
  const answers: number[][] = [];
  for (const [path] of RUNS.slice(-8)) answers.push((await turned(path))[0]);
  for (const answer of answers) expect(answer).not.toEqual(plain[0]);
  const logits = scope(() => model.call(modelInputs(asked, cpu)).select(1, -1).neg());
  const [first] = await logits.argmax(-1).data();
  for (const path of ["", "model", "model.lang_encoder", "model.lang_encoder.lm_head"]) {
    expect((await turned(path))[0][0], path).toBe(first);
  }
});

test("ready media and the last token alone give what the plain forward gives", async () => {
  const inputs = modelInputs(prompts([A, B, C]), cpu);
  const whole = await scope(() => model.call(inputs).select(1, -1)).data();
  const { pixelValues, ...text } = inputs;
  const features = model.model.encode(pixelValues);
  const last = scope(() => model.call({ ...text, features, lastOnly: true }));
  expect(last.shape).toEqual([3, 1, model.config.language.vocab_size]);
  expect(await last.data()).toEqual(whole);
  expect(() => model.call(text as typeof inputs)).toThrow(
    "expected pixelValues, or features that encode() has made of them; got neither",
  );
  expect(() => model.call({ ...inputs, features } as never)).toThrow("got both");
});

test("the places of pictures are found once, not for each token", async () => {
  const own = createCpuBackend();
  let scans = 0;
  const scan: typeof own.scan = (...args) => {
    scans++;
    own.scan(...args);
  };
  const counted = await loadPretrained("golden/fixtures/tiny-zephyr", { backend: { ...own, scan } });
  expect(await generate(counted, asked, options)).toEqual(plain);
  expect(scans).toBe(1);
});
