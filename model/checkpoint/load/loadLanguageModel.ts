import { type DType, decodeFloats } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { requireKnown } from "../../../core/knownNames.ts";
import { ConfigFields } from "../../config/configFields.ts";
import { type LanguageConfig, parseLanguage } from "../../config/languageConfig.ts";
import type { InfiMM } from "../../infimm.ts";
import type { PretrainedOptions } from "../checkpoint.ts";
import { storeAs } from "../convert/storeAs.ts";
import { openFor, PRETRAINED_NAMES } from "../openCheckpoint.ts";
import type { TensorData, WeightFile } from "../weightFile.ts";
import type { ExpectedTensor } from "./match.ts";
import { loadTensors } from "./loadWeights.ts";
import { canonicalName } from "./names.ts";

/** What may differ between the config that a model was made with and that of the weights. */
const FREE = ["vocab_size", "max_position_embeddings", "initializer_range", "bos_token_id", "eos_token_ids", "pad_token_id"]; // biome-ignore format: one list

/**
 * Put a language model as transformers saves it (LlamaForCausalLM and its like: `model.layers.0…`, `lm_head`) into an
 * InfiMM that was made with its config. The tower, the resampler and cross-attention stay as they are.
 *
 * Where `vocab_size` of the InfiMM is larger, for `<image>` and `<|endofchunk|>`, each new row is the mean of the others,
 * as in transformers' resize_token_embeddings.
 *
 * @param source a folder, a name on the hub, or an opened file; of a folder, config.json is compared, too
 * @throws FileFormatError with everything that is missing, unexpected, of another shape, or of another config; the model
 *   is then untouched
 */
export async function loadLanguageModel(
  model: InfiMM,
  source: string | WeightFile,
  options: PretrainedOptions = {},
): Promise<void> {
  if (typeof source === "object") {
    requireKnown("loadLanguageModel", options, PRETRAINED_NAMES);
    return fill(model, source, options);
  }
  const checkpoint = await openFor(source, options, PRETRAINED_NAMES);
  const { value, path } = await checkpoint.json("config.json", "model config");
  refuseOther(parseLanguage(new ConfigFields(value, path)), model.config.language, path);
  const file = await checkpoint.openWeights();
  try {
    await fill(model, file, options);
  } finally {
    await file.close();
  }
}

async function fill(model: InfiMM, stored: WeightFile, options: PretrainedOptions): Promise<void> {
  const expected = new Map<string, ExpectedTensor>();
  for (const [name, { shape }] of model.stateDict()) {
    if (name.startsWith("model.lang_encoder.") && !name.includes(".gated_cross_attn_layer."))
      expected.set(name, { shape });
  }
  const file = withRows(stored, (name, [rows, ...rest]) => {
    const wanted = /(^|\.)(embed_tokens|lm_head)\.weight$/.test(name) ? expected.get(pathOf(name) ?? "") : undefined;
    return [Math.max(rows, wanted?.shape[0] ?? 0), ...rest];
  });
  await loadTensors(model, file, { expected, nameOf: pathOf }, options);
}

/** Where what transformers calls so stands in an InfiMM. */
function pathOf(key: string): string | null {
  const name = canonicalName(key);
  if (name === null || name.startsWith("model.lang_encoder.")) return name;
  const bare = name.replace(/^model\./, "");
  if (/^lm_head\./.test(bare)) return `model.lang_encoder.${bare}`;
  return `model.lang_encoder.model.${bare.replace(/^layers\.(\d+)\./, "layers.$1.decoder_layer.")}`;
}

/** A file whose matrices have more rows. */
function withRows(file: WeightFile, grown: (name: string, shape: readonly number[]) => number[]): WeightFile {
  const tensors = new Map([...file.tensors].map(([name, stored]) => [name, { ...stored, shape: grown(name, stored.shape) }])); // biome-ignore format: one map
  const read = async (name: string) => withMeanRows(await file.read(name), tensors.get(name)!.shape[0]);
  return { path: file.path, metadata: file.metadata, tensors, read, close: () => file.close() };
}

function withMeanRows(tensor: TensorData, rows: number): TensorData {
  const { dtype, shape } = tensor;
  if (shape.length !== 2 || shape[0] === rows) return tensor;
  const [known, width] = shape;
  const values = floatsOf(dtype, tensor);
  const all = new Float32Array(rows * width);
  all.set(values);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < known; row++) sum += values[row * width + column];
    for (let row = known; row < rows; row++) all[row * width + column] = sum / known;
  }
  const whole: TensorData = { dtype: "f32", shape: [rows, width], data: all };
  return { ...tensor, shape: [rows, width], data: storeAs(whole, dtype, "new rows of the vocabulary") };
}

function floatsOf(dtype: DType, { data }: TensorData): Float32Array {
  return dtype === "f32" ? (data as Float32Array) : decodeFloats(dtype as "f16" | "bf16", data as Uint16Array);
}

/** Weights of another architecture might fit by their shapes, and mean something else. */
function refuseOther(theirs: LanguageConfig, ours: LanguageConfig, path: string): void {
  const differing = (Object.keys(theirs) as (keyof LanguageConfig)[]).filter(
    (key) => !FREE.includes(key) && JSON.stringify(theirs[key]) !== JSON.stringify(ours[key]),
  );
  if (differing.length === 0) return;
  const list = differing.map((key) => `${key} is ${JSON.stringify(theirs[key])}, and the model has ${JSON.stringify(ours[key])}`); // biome-ignore format: one list
  throw new FileFormatError(`${path}: is not the config that this InfiMM's language model was made with: ${list.join("; ")}`); // biome-ignore format: one message
}
