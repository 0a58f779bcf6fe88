import { expect, test } from "vitest";
import { fnv1a, Generator, mulberry32, signedStream } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";
import { parseConfig } from "../model/config/config.ts";
import { readJson } from "../model/files/readFile.ts";
import { beamSearch } from "../model/generate/beam.ts";
import { generate } from "../model/generate/generate.ts";
import { InfiMM, languageModelLoss } from "../model/infimm.ts";
import { idTensor, modelInputs, type Prompts } from "../model/inputs.ts";
import { initializeInfiMM } from "../model/train/initialize.ts";
import { labelsOf } from "../model/train/labels.ts";
import { trace } from "../nn/trace.ts";
import { type Backend, openBackend, scope, valueAndGrad, withBackend } from "../tensor/index.ts";
import { BARS, compare, ERROR_FLOOR } from "./compare.ts";
import { recipeWeights } from "./recipe.ts";

interface Case {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  /** How many pictures each row has. */
  readonly pictures: number[];
  readonly shapes: Record<string, number[]>;
  readonly norms: Record<string, number>;
  readonly loss: number;
  readonly grad_norms: Record<string, number>;
  readonly float32_error: Record<string, number>;
}

interface Run {
  readonly case: string;
  readonly options: {
    max_new_tokens: number;
    num_beams: number;
    length_penalty?: number;
    num_return_sequences?: number;
  };
  readonly ids: number[][];
  readonly scores: number[] | null;
}

const FOLDER = "golden/fixtures/wide";
const { config, cases, runs } = (await readJson(`${FOLDER}/wide.json`)) as { config: object; cases: Record<string, Case>; runs: Run[] }; // biome-ignore format: one line
const samples = await openSafetensors(`${FOLDER}/wide.safetensors`);

function wideModel(): InfiMM {
  const model = new InfiMM(parseConfig(config, `${FOLDER}/wide.json`));
  initializeInfiMM(model, new Generator(0)); // the rotary tables; the weights come now
  recipeWeights(model, "wide");
  return model;
}

/** The first rows of a case. The pictures are made by recipe; missing ones are zeros. */
function promptsOf(name: string, rows = cases[name].pictures.length): Prompts {
  const { input_ids, attention_mask } = cases[name];
  const pictures = cases[name].pictures.slice(0, rows);
  const [count, size] = [Math.max(...pictures), 3 * 224 * 224];
  const pixelValues = Float32Array.from(signedStream(`wide/${name}/pixel_values`, rows * count * size));
  for (const [row, present] of pictures.entries())
    pixelValues.fill(0, (row * count + present) * size, (row + 1) * count * size);
  return {
    inputIds: input_ids.slice(0, rows),
    attentionMask: attention_mask.slice(0, rows),
    pixelValues,
    pixelShape: [rows, count, 1, 3, 224, 224],
  };
}

/** Which cases are run: all activations, and of these the gradients and what is generated. */
export interface WideOptions {
  readonly forward?: readonly string[];
  /** Of these the first row alone, at those of the stored places that lie in it. */
  readonly firstRow?: readonly string[];
  readonly gradients?: readonly string[];
  readonly generated?: readonly string[];
}

/**
 * PyTorch's errors, by path. That of a gate's gradient, one single number, is one draw of chance: the unit of all of these
 * is the root mean square over the set, as in checkCase.ts.
 */
function unitsOf(name: string): Readonly<Record<string, number>> {
  const single = Object.keys(cases[name].grad_norms).filter((path) => path.endsWith("_gate"));
  const draws = Object.values(cases).flatMap(({ float32_error }) =>
    single.map((path) => float32_error[`grads/${path}`]),
  );
  const typical = Math.sqrt(draws.reduce((sum, e) => sum + e * e, 0) / draws.length);
  return { ...cases[name].float32_error, ...Object.fromEntries(single.map((path) => [`grads/${path}`, typical])) };
}

const normOf = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));

/** A model on a backend, and how far it may be from PyTorch. */
interface Subject {
  readonly model: InfiMM;
  readonly backend: Backend;
  /** @param error PyTorch's own */
  readonly limit: (error: number) => number;
}

/** Declare the model of real widths as vitest tests, on one backend. */
export async function wide(
  backendName: string,
  { forward = [], firstRow = [], gradients = [], generated = [] }: WideOptions,
): Promise<void> {
  const bar = BARS[backendName];
  const subject: Subject = {
    backend: await openBackend(backendName),
    model: withBackend(backendName, wideModel),
    limit: (error) => Math.min(bar.error, bar.ratio * Math.max(ERROR_FLOOR, error)),
  };
  test.each(forward)(`wide, %s, on ${backendName}: activations and logits`, (name) => checkForward(subject, name));
  test.each(firstRow)(`wide, first row of %s, on ${backendName}: activations and logits`, (name) =>
    checkForward(subject, name, 1),
  );
  test.each(gradients)(`wide, %s, on ${backendName}: loss and gradients`, (name) => checkGradients(subject, name));
  test.each(runs.filter((run) => generated.includes(run.case)))(
    `wide, $case, on ${backendName}: generation with $options`,
    (run) => checkGenerated(subject, run),
  );
}

async function checkForward({ model, backend, limit }: Subject, name: string, rows?: number): Promise<void> {
  const { shapes, norms, float32_error, attention_mask } = cases[name];
  const share = (rows ?? attention_mask.length) / attention_mask.length; // rows are apart in all of a case's tensors
  const inputs = modelInputs(promptsOf(name, rows), backend);
  const paths = Object.keys(shapes).filter((path) => path !== "logits");
  const { acts, output } = trace(model, inputs, { keep: paths });
  const real = attention_mask.flat();
  for (const [path, shape] of Object.entries(shapes)) {
    const ours = path === "logits" ? output : acts.get(path)!;
    expect([...ours.shape], path).toEqual([shape[0] * share, ...shape.slice(1)]);
    const values = await ours.data();
    const stored = (await samples.read(`${name}/${path}`)).data;
    const seed = fnv1a(`wide/${name}/samples/${path}`);
    const places = Array.from(stored, (_, j) => Math.floor((mulberry32(seed, j) / 2 ** 32) * sizeOf(shape)));
    const inside = [...places.keys()].filter((j) => places[j] < values.length);
    expect(inside.length, path).toBeGreaterThan(places.length * share * 0.7);
    const counts = (i: number) => path !== "logits" || real[Math.floor(places[inside[i]] / shape[2])] !== 0;
    const ourSamples = inside.map((j) => values[places[j]]);
    const theirs = Float32Array.from(inside, (j) => stored[j]);
    const { error } = compare(ourSamples, theirs, [inside.length], counts);
    expect(error, path).toBeLessThanOrEqual(limit(float32_error[path]));
    if (path === "logits" || share < 1) continue;
    const norm = normOf(values);
    expect(Math.abs(norm / norms[path] - 1), `${path}: norm`).toBeLessThanOrEqual(limit(float32_error[path]));
  }
  for (const tensor of [...acts.values(), output]) tensor.dispose();
}

async function checkGradients({ model, backend, limit }: Subject, name: string): Promise<void> {
  const { input_ids, attention_mask, loss, grad_norms } = cases[name];
  const float32_error = unitsOf(name);
  const ids = labelsOf(input_ids, { imageTokenId: model.config.image_token_id, attentionMask: attention_mask });
  const prompts = promptsOf(name);
  const lossOf = () => languageModelLoss(model.call(modelInputs(prompts, backend)), idTensor(ids, backend));
  const { value, grads } = scope(() => valueAndGrad(lossOf, model.parameters()));
  expect(Math.abs((await value.item()) / loss - 1)).toBeLessThanOrEqual(limit(float32_error["loss"]));
  for (const [path, expected] of Object.entries(grad_norms)) {
    const values = await grads.get(path)!.data();
    const norm = normOf(values);
    expect(Math.abs(norm - expected) / expected, path).toBeLessThanOrEqual(limit(float32_error[`grads/${path}`]));
  }
  for (const tensor of [value, ...grads.values()]) tensor.dispose();
}

async function checkGenerated({ model }: Subject, { case: name, options, ids, scores }: Run): Promise<void> {
  const prompts = promptsOf(name);
  const ours = {
    maxNewTokens: options.max_new_tokens,
    beams: options.num_beams,
    lengthPenalty: options.length_penalty,
    numReturnSequences: options.num_return_sequences ?? 1,
  };
  if (!scores) {
    expect(await generate(model, prompts, ours)).toEqual(ids);
    return;
  }
  const found = (await beamSearch(model, prompts, ours)).flatMap((texts) => texts.slice(0, ours.numReturnSequences));
  expect(found.map((text) => [...text.ids])).toEqual(ids);
  for (const [i, { score }] of found.entries()) expect(Math.abs(score / scores[i] - 1)).toBeLessThan(1e-5);
}
