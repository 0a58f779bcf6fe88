import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseSafetensors } from "../model/checkpoint/safetensors/parseSafetensors.ts";
import { writeSafetensors } from "../model/checkpoint/safetensors/writeSafetensors.ts";
import type { TensorToWrite } from "../model/checkpoint/tensorToWrite.ts";
import { diagnose } from "./diagnose.ts";
import { openGoldenSet } from "./load.ts";
import { checkSet } from "./run.ts";

const SOURCE = "golden/fixtures/tiny-hd";
const CASE = "text_only";
const made: string[] = [];
afterAll(() => made.forEach((folder) => void rmSync(folder, { recursive: true })));

type Json = { format: unknown; cases: Record<string, { grad_norms?: Record<string, number> }> };

/** A copy of a set with one case and no gradients, to be spoilt. */
async function copySet(
  changeTensors: (tensors: Map<string, TensorToWrite>) => void,
  changeJson: (json: Json) => void = () => {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "infimm-golden-"));
  made.push(folder);
  cpSync(SOURCE, folder, { recursive: true });
  const bytes = readFileSync(join(SOURCE, "golden.safetensors"));
  const file = parseSafetensors(new Uint8Array(bytes).buffer, SOURCE);
  const tensors = new Map<string, TensorToWrite>();
  for (const name of file.tensors.keys()) {
    if (!name.startsWith(`${CASE}/`)) continue;
    const { data, shape, dtype } = file.readSync!(name);
    tensors.set(name, { name, dtype, shape, data: () => data });
  }
  changeTensors(tensors);
  await writeSafetensors(join(folder, "golden.safetensors"), tensors.values());
  const json = JSON.parse(readFileSync(join(SOURCE, "golden.json"), "utf8")) as Json;
  json.cases = { [CASE]: { ...json.cases[CASE], grad_norms: {} } };
  changeJson(json);
  writeFileSync(join(folder, "golden.json"), JSON.stringify(json));
  return folder;
}

const numbers = (name: string, ...shape: number[]): TensorToWrite => {
  return { name, dtype: "f32", shape, data: () => new Float32Array(shape.reduce((a, b) => a * b, 1)) };
};
const put = (tensors: Map<string, TensorToWrite>, tensor: TensorToWrite) => tensors.set(tensor.name, tensor);

test.each<[string, Parameters<typeof copySet>, string]>([
  ["another format", [() => {}, (json) => (json.format = 2)], "expected a golden set of format 1, got format 2"],
  ["no cases", [() => {}, (json) => (json.cases = {})], 'expected "cases", an object with at least one case'],
  ["a missing input", [(t) => t.delete(`${CASE}/inputs/input_ids`)], `no tensor ${CASE}/inputs/input_ids`],
  [
    "a mask that does not fit",
    [(t) => put(t, numbers(`${CASE}/inputs/attention_mask`, 1, 3))],
    "attention_mask [1, 3]",
  ],
  ["pictures without rows", [(t) => put(t, numbers(`${CASE}/inputs/pixel_values`, 3, 2, 2))], "pixel_values [3, 2, 2]"],
  ["more pictures than rows", [(t) => put(t, numbers(`${CASE}/inputs/pixel_values`, 2, 1, 1, 3, 28, 28))], "2 rows of"],
  [
    "a stray tensor",
    [(t) => put(t, numbers("tekst_only/outputs/logits", 1))],
    '"tekst_only/outputs/logits" is of no case',
  ],
  [
    "inputs only",
    [(t) => [...t.keys()].filter((key) => !key.includes("/inputs/")).forEach((key) => void t.delete(key))],
    "there is nothing to check",
  ],
])("refused: %s", async (_, changes, message) => {
  await expect(openGoldenSet(await copySet(...changes))).rejects.toThrow(message);
});

test("refused: a folder that is none, a case that there is not, a backend that is not known", async () => {
  await expect(openGoldenSet("golden/fixtures/tiny-gpt")).rejects.toThrow("golden/fixtures/tiny-gpt/golden.json");
  await expect(checkSet(SOURCE, { case: "two_cats" })).rejects.toThrow(/has no case "two_cats"; it has .*text_only/);
  await expect(checkSet(SOURCE, { backend: "cuda" })).rejects.toThrow("cuda");
});

test("a set may lack anything but its inputs", async () => {
  const folder = await copySet((tensors) => {
    for (const key of [...tensors.keys()]) {
      if (!/\/(inputs|taps)\//.test(key)) tensors.delete(key);
    }
  });
  const { checks } = await checkSet(folder);
  expect(diagnose(checks)?.text).toBeUndefined();
  expect(new Set(checks.map(({ kind }) => kind))).toEqual(new Set(["tap"]));
});

const LAYER = "model.lang_encoder.model.layers.0";

test.each<[string, string, string]>([
  ["an activation that we do not make", "activations/model.vision_encoder.blocks.9", "does not produce it"],
  ["a tap that we do not make", `taps/${LAYER}.decoder_layer.mlp:attn`, "does not produce it"],
  ["the input of a module that we do not have", "module_inputs/model.resampler", "no such module"],
  ["the gradient of a parameter that we do not have", "grads/model.prefix.weight", "no such parameter"],
  ["a gradient of the frozen tower", "grads/model.vision_encoder.cls_token", "does not depend on it"],
  ["an output that nobody compares", "outputs/hidden_states", "no check is about it"],
  ["a kind that nobody knows", "hessians/model.perceiver", "no check is about it"],
  ["an input that nobody takes", "inputs/position_ids", "no check is about it"],
])("failed, not passed over: %s", async (_, key, note) => {
  const { checks } = await checkSet(await copySet((tensors) => put(tensors, numbers(`${CASE}/${key}`, 2))));
  const failed = checks.filter(({ passed }) => !passed);
  expect(failed.map((check) => check.note)).toEqual([expect.stringContaining(note)]);
  expect(diagnose(checks)!.text).toContain(key.slice(key.indexOf("/") + 1));
});

test("failed, not passed over: a module's input without its output", async () => {
  const path = "model.vision_encoder.blocks.0";
  const folder = await copySet((tensors) => {
    tensors.delete(`${CASE}/activations/${path}`);
    put(tensors, numbers(`${CASE}/module_inputs/${path}`, 1, 5, 24));
  });
  const failed = (await checkSet(folder)).checks.filter(({ passed }) => !passed);
  expect(failed.map(({ kind, path }) => [kind, path])).toEqual([["unchecked", `module_inputs/${path}`]]);
});

test("a gradient is checked where its norm is not stored", async () => {
  const folder = await copySet((tensors) =>
    put(tensors, numbers(`${CASE}/grads/model.lang_encoder.lm_head.weight`, 1)),
  );
  const failed = (await checkSet(folder)).checks.filter(({ passed }) => !passed);
  expect(failed.map(({ kind, note }) => [kind, note])).toEqual([["gradient", expect.stringContaining("its shape is")]]);
});

test("the worst element and both values are named", async () => {
  const folder = await copySet((tensors) => {
    const logits = tensors.get(`${CASE}/outputs/logits`)!;
    const data = Float32Array.from(logits.data() as Float32Array);
    data[logits.shape[2] + 3] = 99;
    tensors.set(logits.name, { ...logits, data: () => data });
  });
  const { checks } = await checkSet(folder);
  const { text } = diagnose(checks)!;
  expect(text).toContain("1 of ");
  expect(text).toMatch(/worst at \[0, 1, 3\]: expected 99, got -?\d/);
});
