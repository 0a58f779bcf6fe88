import { readdirSync } from "node:fs";
import { join } from "node:path";
import "../../backends/register.ts";
import type { Activations } from "../../backends/wasm/kernels/quantized/fixedPoint.ts";
import { createWasmBackend } from "../../backends/wasm/wasm.ts";
import { Assistant } from "../../model/generate/assistant.ts";
import { Decoder } from "../../model/generate/decoder.ts";
import { generate } from "../../model/generate/generate.ts";
import type { InfiMM } from "../../model/infimm.ts";
import type { Prompts } from "../../model/inputs.ts";
import { readPicture } from "../../model/processor/pictures/readPicture.ts";
import { compute } from "../../tensor/index.ts";
import { compare } from "../../golden/compare.ts";
import { QUESTIONS } from "./questions.ts";

/**
 * What rounding activations does to a trained model that decodes with quantised weights, beside what quantising the
 * weights did: the logits before each token of its answers, and how many answers become others. What wasm does by default
 * (fixedPoint.ts) follows from this table, which is in docs/quantization.md.
 *
 *     npx tsx docs/measure/activations.ts [folder]
 */
const folder = process.argv[2] ?? "model/infimm-tiny";
const pictures = readdirSync(join(folder, "pictures")).filter((name) => name.endsWith(".png"));

interface Measured {
  readonly answers: readonly (readonly number[])[];
  /** Of all tokens of the *original's* answers, one after the other. */
  readonly logits: readonly number[];
}

const original = await measure(undefined, "f32");
console.log(
  "weights | activations | logits against bf16 | against f32 activations | answers of bf16 | of f32 activations",
);
for (const dtype of ["q8", "q4"] as const) {
  const exact = await measure(dtype, "f32", original);
  for (const activations of ["f32", "i16", "i8"] as const) {
    const { answers, logits } = activations === "f32" ? exact : await measure(dtype, activations, original);
    const errors = [original, exact].map((other) =>
      compare(logits, other.logits, [logits.length]).error.toExponential(2),
    );
    const kept = [original, exact].map(
      (other) => answers.filter((ids, i) => String(ids) === String(other.answers[i])).length,
    );
    console.log([dtype, activations, ...errors, ...kept.map((count) => `${count}/${answers.length}`)].join(" | "));
  }
}
process.exit(0);

/** The model's own answers, and its logits along those of `teacher` (or along its own). */
async function measure(
  dtype: "q8" | "q4" | undefined,
  activations: Activations,
  teacher?: Measured,
): Promise<Measured> {
  const backend = createWasmBackend({ activations });
  const { model, processor } = await Assistant.fromPretrained(folder, { backend, dtype });
  const answers: (readonly number[])[] = [];
  const logits: number[] = [];
  for (const picture of pictures) {
    const image = await readPicture(join(folder, "pictures", picture));
    for (const question of QUESTIONS) {
      const prompts = processor.apply([{ role: "user", content: [{ image }, question] }]);
      const [ids] = await generate(model, prompts, { maxNewTokens: 64 });
      const spoken = teacher?.answers[answers.length] ?? ids;
      answers.push(ids);
      logits.push(...(await logitsAlong(model, prompts, spoken)));
    }
  }
  model.dispose();
  backend.pool.stop();
  return { answers, logits };
}

/** Logits before each token of an answer that is given, decoding one token at a time. */
async function logitsAlong(model: InfiMM, prompts: Prompts, answer: readonly number[]): Promise<number[]> {
  using decoder = new Decoder(model, prompts);
  const all: number[] = [];
  for (const id of answer) {
    all.push(...(await compute(() => decoder.logits([]))));
    decoder.append([id]);
  }
  return all;
}
