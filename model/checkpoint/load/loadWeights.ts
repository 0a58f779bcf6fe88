import type { DType } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import type { Module } from "../../../nn/module.ts";
import { type Backend, fromData, openBackend } from "../../../tensor/index.ts";
import { ropeTables, VisionRotaryEmbedding } from "../../evaClip/rope.ts";
import { type VisualConfig, visualSizes } from "../../config/visualConfig.ts";
import { explainMismatch, matchNames } from "./match.ts";
import { refuseNonFinite } from "./nonFinite.ts";
import { joinPlanes } from "../quantizedTensors.ts";
import { storeAs, storedAs, type WeightDType } from "../convert/storeAs.ts";
import { refuseBeyond } from "../narrowing.ts";
import { heldAs, quote, type TensorData, type WeightFile } from "../weightFile.ts";

/** How far loading has come: tensors, not bytes. */
export type Progress = (done: number, total: number, name: string) => void;

export interface LoadOptions {
  /** Where to compute: a backend, or the name of one, which is opened (`webgpu` needs a moment). Default: the first. */
  readonly backend?: Backend | string;
  readonly onProgress?: Progress;
  /** Hold floats so; q8 and q4 quantise, as they come, only what bears it (storeAs.ts). Default: as the file stores them. */
  readonly dtype?: WeightDType;
  readonly signal?: AbortSignal;
  /** Called when the file is known to fit, before the first weight is read: with what each will be stored as. */
  readonly onMatch?: (dtypes: ReadonlyMap<string, DType>, backend: Backend) => void;
  /** Take weights that are NaN or infinite, to find out where they come from. Default: refuse them. */
  readonly allowNonFinite?: boolean;
}

/**
 * Give every parameter and buffer of `model` its data, in the dtype in which the file stores it.
 *
 * Any of the original's names for a tensor will do; where a file has several, they must agree. Rotary tables that
 * the file lacks are computed; those it has are used as they are, though bf16 has rounded them.
 *
 * @throws FileFormatError with everything that is missing, unexpected or of another shape; the model is then untouched.
 * InfimmError for weights that are not finite
 */
export async function loadWeights(
  model: Module & { readonly config: { readonly visual: VisualConfig } },
  stored: WeightFile,
  { backend: wish, onProgress, dtype: wantedDType, signal, onMatch, allowNonFinite = false }: LoadOptions = {},
): Promise<void> {
  const backend = typeof wish === "object" ? wish : await openBackend(wish);
  const file = joinPlanes(stored);
  const tables = rotaryPaths(model);
  const wanted = model.stateDict();
  const expected = new Map([...wanted].map(([name, { shape }]) => [name, { shape, optional: tables.has(name) }]));
  const match = matchNames(expected, file);
  const complaint = explainMismatch(match, file.path);
  if (complaint) throw new FileFormatError(complaint);
  const dtypes = new Map(
    [...match.found].map(([name, [storedName]]) => {
      const { dtype, shape } = file.tensors.get(storedName)!;
      return [name, storedAs(name, heldAs(dtype), shape, wantedDType)];
    }),
  );
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
  const { head_width } = model.config.visual;
  const { grid, positions } = visualSizes(model.config.visual);
  for (const [name, kind] of tables) {
    if (match.found.has(name)) continue;
    const table = ropeTables(grid, head_width, positions)[kind];
    model.setTensor(name, fromData(table, wanted.get(name)!.shape, "f32", backend));
  }
}

function rotaryPaths(model: Module): Map<string, "cos" | "sin"> {
  const found = new Map<string, "cos" | "sin">();
  for (const [path, module] of model.modules()) {
    if (!(module instanceof VisionRotaryEmbedding)) continue;
    found.set(`${path}.freqs_cos`, "cos").set(`${path}.freqs_sin`, "sin");
  }
  return found;
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
        `${file.path}: ${quote(storedNames[0])} and ${quote(alias)} are two names of one tensor (${name}), but they differ`,
      );
    }
  }
  return first;
}
