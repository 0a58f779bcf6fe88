import { checked } from "../../../core/knownNames.ts";
import type { DType } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import type { Module } from "../../../nn/module.ts";
import { type Backend, fromData, openBackend } from "../../../tensor/index.ts";
import { ropeTables, VisionRotaryEmbedding } from "../../evaClip/rope.ts";
import { type VisualConfig, visualSizes } from "../../config/visualConfig.ts";
import { type ExpectedTensor, explainMismatch, matchNames } from "./match.ts";
import { canonicalName } from "./names.ts";
import { refuseNonFinite } from "./nonFinite.ts";
import { tiedNames } from "./tiedNames.ts";
import { joinPlanes } from "../quantizedTensors.ts";
import { storeAs, storedAs, type WeightDType } from "../convert/storeAs.ts";
import { refuseBeyond } from "../narrowing.ts";
import { heldAs, quote, type TensorData, type WeightFile } from "../weightFile.ts";

/** What did not fit where `strict` is false, by path: PyTorch's missing and unexpected keys, and those of another shape. */
export interface LoadReport {
  /** In the model, not in the file. */
  readonly missing: readonly string[];
  /** In the file, not in the model. */
  readonly unexpected: readonly string[];
  /** In both, of different shapes: not taken. */
  readonly misshapen: readonly string[];
}

/** How far loading has come: tensors, not bytes. */
export type Progress = (done: number, total: number, name: string) => void;

/** Options of loadWeights. */
export interface LoadOptions {
  /** Where to compute: a backend, or the name of one, which is opened (`webgpu` needs a moment). Default: the first. */
  readonly backend?: Backend | string;
  readonly onProgress?: Progress;
  /** Hold floats so; q8 and q4 quantise, as they come, only what bears it (storeAs.ts). Default: as the file stores them. */
  readonly dtype?: WeightDType;
  readonly signal?: AbortSignal;
  /** Called when the file is known to fit, before the first weight is read: with what each will be stored as. */
  readonly onMatch?: (dtypes: ReadonlyMap<string, DType>, backend: Backend) => void;
  /**
   * Refuse a file that does not fit the model in every name and shape. Default true; false takes what fits, leaves the rest
   * of the model as it was, and reports it.
   */
  readonly strict?: boolean;
  /** Take weights that are NaN or infinite, to find out where they come from. Default: refuse them. */
  readonly allowNonFinite?: boolean;
}

/**
 * Give every parameter and buffer of `model` its data, in the dtype in which the file stores it.
 *
 * Any of the original's names for a tensor will do; where a file has several, they must agree, and so must tied weights.
 * Rotary tables that the file lacks are computed; those it has are used as they are, though bf16 has rounded them.
 *
 * @returns what did not fit: nothing, unless `strict` is false
 * @throws FileFormatError with everything that is missing, unexpected or of another shape; the model is then untouched.
 * InfimmError for weights that are not finite
 */
export async function loadWeights(
  model: Module & { readonly config: { readonly visual: VisualConfig } },
  stored: WeightFile,
  options: LoadOptions = {},
): Promise<LoadReport> {
  checked("loadWeights", options, ["backend", "onProgress", "dtype", "signal", "onMatch", "strict", "allowNonFinite"]);
  const tables = rotaryPaths(model);
  const wanted = model.stateDict();
  const expected = new Map([...wanted].map(([name, { shape }]) => [name, { shape, optional: tables.has(name) }]));
  const { found, backend, report } = await loadTensors(
    model,
    joinPlanes(stored),
    { expected, nameOf: canonicalName },
    options,
  );
  const { head_width } = model.config.visual;
  const { grid, positions } = visualSizes(model.config.visual);
  for (const [name, kind] of tables) {
    if (found.has(name)) continue;
    const table = ropeTables(grid, head_width, positions)[kind];
    model.setTensor(name, fromData(table, wanted.get(name)!.shape, "f32", backend));
  }
  return report;
}

function rotaryPaths(model: Module): Map<string, "cos" | "sin"> {
  const found = new Map<string, "cos" | "sin">();
  for (const [path, module] of model.modules()) {
    if (!(module instanceof VisionRotaryEmbedding)) continue;
    found.set(`${path}.freqs_cos`, "cos").set(`${path}.freqs_sin`, "sin");
  }
  return found;
}

/** What of a model a file is to fill. */
export interface Wanted {
  readonly expected: ReadonlyMap<string, ExpectedTensor>;
  /** The path in the model of what the file calls so; null: passed over. */
  readonly nameOf: (storedName: string) => string | null;
}

/**
 * Fill a part of a model from a file that holds it, and nothing else.
 * @returns which paths were filled, and on which backend
 */
export async function loadTensors(
  model: Module,
  file: WeightFile,
  { expected, nameOf }: Wanted,
  options: LoadOptions,
): Promise<{ found: ReadonlyMap<string, readonly string[]>; backend: Backend; report: LoadReport }> {
  const { backend: wish, onProgress, dtype: wantedDType, signal, onMatch, allowNonFinite = false } = options;
  const backend = typeof wish === "object" ? wish : await openBackend(wish);
  const tied = tiedNames(model);
  const untied = new Map([...expected].filter(([name]) => !tied.has(name)));
  const match = matchNames(untied, file, (key) => tied.get(nameOf(key) ?? "") ?? nameOf(key));
  const { strict = true } = options;
  const complaint = strict ? explainMismatch(match, file.path) : undefined;
  if (complaint) throw new FileFormatError(complaint);
  const misshapen = [...new Set(match.misshapen.map(({ name }) => name))];
  for (const name of misshapen) match.found.delete(name);
  const dtypes = new Map(
    [...match.found].map(([name, [storedName]]) => {
      const { dtype, shape } = file.tensors.get(storedName)!;
      return [name, storedAs(name, heldAs(dtype), shape, wantedDType)];
    }),
  );
  for (const [name, first] of tied) if (dtypes.has(first)) dtypes.set(name, dtypes.get(first)!);
  onMatch?.(dtypes, backend);
  let done = 0;
  for (const [name, storedNames] of match.found) {
    signal?.throwIfAborted();
    const tensor = await readAgreed(file, name, storedNames);
    if (!allowNonFinite) {
      refuseBeyond(tensor.narrowing, storedNames[0], file.path);
      refuseNonFinite(tensor, storedNames[0], file.path);
    }
    const dtype = dtypes.get(name)!;
    model.setTensor(name, fromData(storeAs(tensor, dtype, name), tensor.shape, dtype, backend));
    onProgress?.(++done, match.found.size, name);
  }
  return { found: match.found, backend, report: { missing: match.missing, unexpected: match.unexpected, misshapen } };
}

/** The tensor under all its names, which must hold the same bytes; where they are one memory, they do. */
async function readAgreed(file: WeightFile, name: string, storedNames: readonly string[]): Promise<TensorData> {
  const first = await file.read(storedNames[0]);
  for (const alias of storedNames.slice(1)) {
    if (file.memoryOf && file.memoryOf(alias) === file.memoryOf(storedNames[0])) continue;
    const other = await file.read(alias);
    const equal = other.dtype === first.dtype && other.data.every((value, i) => Object.is(value, first.data[i]));
    if (!equal) {
      throw new FileFormatError(
        `${file.path}: ${quote(storedNames[0])} and ${quote(alias)} are two names of one tensor (${name}), but they differ${tieHint(storedNames)}`,
      );
    }
  }
  return first;
}

function tieHint(storedNames: readonly string[]): string {
  if (!storedNames.some((name) => name.includes("lm_head"))) return "";
  return ": where they may, language.tie_word_embeddings is false";
}
