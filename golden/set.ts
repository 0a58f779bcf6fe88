import { FileFormatError, showShape } from "../core/errors.ts";
import type { Prompts } from "../model/inputs.ts";
import { parseSafetensors } from "../model/checkpoint/safetensors/parseSafetensors.ts";
import type { TensorData, WeightFile } from "../model/checkpoint/weightFile.ts";

/** What a set may hold of a case: `<case>/<kind>/<path>`. */
export type Kind = "inputs" | "activations" | "taps" | "module_inputs" | "outputs" | "grads";

/** What every case has to have. */
export const INPUTS = ["pixel_values", "input_ids", "attention_mask"] as const;

/** One run of the PyTorch original. */
export class GoldenCase {
  readonly name: string;
  /** How far PyTorch's own float32 run is from the float64 values, by path (`grads/<parameter>`, `logits`, `loss`). */
  readonly float32Error: Readonly<Record<string, number>>;
  /** The norm of every parameter's gradient. */
  readonly gradNorms: Readonly<Record<string, number>>;
  private readonly file: WeightFile;

  constructor(name: string, file: WeightFile, json: Record<string, unknown>) {
    this.name = name;
    this.file = file;
    this.float32Error = (json.float32_error ?? {}) as Record<string, number>;
    this.gradNorms = (json.grad_norms ?? {}) as Record<string, number>;
  }

  /** All tensors of the case, as `<kind>/<path>`. */
  keys(): string[] {
    const prefix = `${this.name}/`;
    return [...this.file.tensors.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  /** The paths stored of one kind. */
  paths(kind: Kind): string[] {
    const prefix = `${kind}/`;
    return this.keys().flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  }

  /** The shape of a stored tensor, without reading it. */
  shape(kind: Kind, path: string): readonly number[] {
    return this.file.tensors.get(`${this.name}/${kind}/${path}`)!.shape;
  }

  has(kind: Kind, path: string): boolean {
    return this.file.tensors.has(`${this.name}/${kind}/${path}`);
  }

  /** The float64 values of the original, stored as f32. */
  read(kind: Kind, path: string): TensorData {
    return this.file.readSync!(`${this.name}/${kind}/${path}`);
  }

  /** The pictures and tokens that the case is about. */
  prompts(): Prompts {
    const pixels = this.read("inputs", "pixel_values");
    return {
      inputIds: this.rows("inputs", "input_ids"),
      attentionMask: this.rows("inputs", "attention_mask"),
      pixelValues: pixels.data as Float32Array,
      pixelShape: pixels.shape,
    };
  }

  /** A stored matrix of whole numbers, row by row. */
  rows(kind: Kind, path: string): number[][] {
    const { shape, data } = this.read(kind, path);
    return Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])));
  }
}

/** A golden set: a folder with a checkpoint and what the original computed with it. */
export interface GoldenSet {
  readonly name: string;
  readonly folder: string;
  /** What made it: versions of PyTorch and of the original. */
  readonly source: Readonly<Record<string, string>>;
  readonly cases: readonly GoldenCase[];
}

/**
 * A set from what its two files hold.
 * @param json of golden.json
 * @param bytes of golden.safetensors
 * @throws FileFormatError naming the file, if it is not one
 */
export function parseGoldenSet(json: Record<string, unknown>, bytes: ArrayBuffer, folder: string): GoldenSet {
  const path = `${folder}/golden.json`;
  if (json.format !== 1)
    throw new FileFormatError(`${path}: expected a golden set of format 1, got format ${json.format}`);
  const cases = json.cases as Record<string, Record<string, unknown>> | undefined;
  if (typeof cases !== "object" || cases === null || Object.keys(cases).length === 0) {
    throw new FileFormatError(`${path}: expected "cases", an object with at least one case`);
  }
  const tensors = `${folder}/golden.safetensors`;
  const file = parseSafetensors(bytes, tensors);
  const opened = Object.entries(cases).map(([name, of]) => new GoldenCase(name, file, of));
  for (const golden of opened) refuseMisfit(golden, tensors);
  const stray = [...file.tensors.keys()].find((key) => !(key.slice(0, key.indexOf("/")) in cases));
  if (stray !== undefined) {
    throw new FileFormatError(`${tensors}: "${stray}" is of no case of golden.json: ${Object.keys(cases).join(", ")}`);
  }
  return { name: String(json.name), folder, source: (json.source ?? {}) as Record<string, string>, cases: opened };
}

/** Inputs that are missing or do not belong together, and a case that has nothing else. */
function refuseMisfit(golden: GoldenCase, file: string): void {
  const refuse = (what: string) => {
    throw new FileFormatError(`${file}: case "${golden.name}" ${what}`);
  };
  const missing = INPUTS.find((input) => !golden.has("inputs", input));
  if (missing) refuse(`of golden.json has no tensor ${golden.name}/inputs/${missing}`);
  const [pixels, ids, mask] = INPUTS.map((input) => golden.shape("inputs", input));
  if (pixels.length !== 6) refuse(`has pixel_values ${showShape(pixels)}; expected [b, pictures, 1, 3, s, s]`);
  if (ids.length !== 2) refuse(`has input_ids ${showShape(ids)}; expected [b, t]`);
  if (mask.join() !== ids.join()) refuse(`has attention_mask ${showShape(mask)} for input_ids ${showShape(ids)}`);
  if (pixels[0] !== ids[0]) refuse(`has ${pixels[0]} rows of pixel_values and ${ids[0]} of input_ids`);
  const norms = Object.keys(golden.gradNorms).length;
  if (golden.keys().length === INPUTS.length && norms === 0) refuse("holds inputs only: there is nothing to check");
}
