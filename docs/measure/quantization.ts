import { readdirSync } from "node:fs";
import { join } from "node:path";
import "../../backends/register.ts";
import type { QuantizedDType } from "../../core/dtype.ts";
import { dequantize, fitsBlocks, quantize } from "../../core/quantized.ts";
import { Assistant } from "../../model/generate/assistant.ts";
import { modelInputs } from "../../model/inputs.ts";
import { readPicture } from "../../model/processor/pictures/readPicture.ts";
import { compute, fromData, getBackend } from "../../tensor/index.ts";
import { compare } from "../../golden/compare.ts";
import { openGoldenSet } from "../../golden/load.ts";
import { QUESTIONS } from "./questions.ts";

/**
 * What quantising each part of a trained model does to it: the error of its weights, of its logits on the golden cases,
 * and how many of its answers about its pictures become others. What is quantised by default (storeAs.ts) follows from
 * this table, which is in docs/quantization.md.
 *
 *     npx tsx docs/measure/quantization.ts [folder] [part]
 */
const PARTS: Readonly<Record<string, RegExp>> = {
  "image tower": /vision_encoder\.blocks/,
  resampler: /perceiver\.layers/,
  "cross-attention": /gated_cross_attn_layer\.attn\./,
  "cross-attention's feed-forward": /gated_cross_attn_layer\.ff\./,
  "self-attention": /self_attn/,
  "feed-forward": /decoder_layer\.mlp/,
  embed_tokens: /embed_tokens/,
  lm_head: /lm_head/,
  "all layers of the language model": /lang_encoder\.model\.layers/,
  everything: /./,
};

const folder = process.argv[2] ?? "model/infimm-tiny";
const backend = getBackend("cpu");
const golden = [...(await openGoldenSet(folder)).cases.values()];
const pictures = readdirSync(join(folder, "pictures")).filter((name) => name.endsWith(".png"));
const questions = pictures.flatMap((picture) => QUESTIONS.map((question) => ({ picture, question })));
const original = await measure(undefined);
console.log(["part", "parameters", "dtype", "weights", "logits", "answers kept"].join(" | "));
for (const [part, pattern] of Object.entries(PARTS)) {
  if (part !== (process.argv[3] ?? part)) continue;
  for (const dtype of ["q8", "q4"] as const) {
    const { logits, answers, parameters, weightError } = await measure({ pattern, dtype });
    const kept = answers.filter((answer, i) => answer === original.answers[i]).length;
    const [ours, wanted] = [logits, original.logits].map((all) => all.flatMap((x) => Array.from(x)));
    const { error } = compare(ours, wanted, [wanted.length]);
    console.log(
      [part, parameters, dtype, percent(weightError), percent(error), `${kept}/${answers.length}`].join(" | "),
    );
  }
}

/** The model with some parts quantised: logits of each golden case, and its answers. */
async function measure(quantised: { pattern: RegExp; dtype: QuantizedDType } | undefined) {
  const assistant = await Assistant.fromPretrained(folder, { backend });
  const { model } = assistant;
  let [parameters, off, size] = [0, 0, 0];
  for (const [path, tensor] of quantised ? model.parameters() : []) {
    if (!quantised!.pattern.test(path) || !path.endsWith(".weight")) continue;
    if (tensor.shape.length !== 2 || !fitsBlocks(tensor.shape[1])) continue;
    const values = (await tensor.data()) as Float32Array;
    const bytes = quantize(quantised!.dtype, values);
    const back = dequantize(quantised!.dtype, bytes);
    for (let i = 0; i < values.length; i++) {
      off += (back[i] - values[i]) ** 2;
      size += values[i] ** 2;
    }
    parameters += values.length;
    model.setTensor(path, fromData(bytes, tensor.shape, quantised!.dtype, backend));
  }
  const logits: ArrayLike<number>[] = [];
  for (const one of golden) logits.push(await compute(() => model.call(modelInputs(one.prompts(), backend))));
  const answers: string[] = [];
  for (const { picture, question } of questions) {
    const image = await readPicture(join(folder, "pictures", picture));
    let text = "";
    for await (const piece of assistant.ask(question, [image])) text += piece;
    answers.push(text);
  }
  model.dispose();
  return { logits, answers, parameters, weightError: Math.sqrt(off / size) };
}

function percent(x: number): string {
  return `${(100 * x).toPrecision(2)} %`;
}
