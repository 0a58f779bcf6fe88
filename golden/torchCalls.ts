import { readFileSync } from "node:fs";
import { parseSafetensors } from "../model/checkpoint/safetensors/parseSafetensors.ts";
import * as T from "../tensor/index.ts";

/** One call as torch ran it: fixtures/torch-ops/calls.json, made by export/export_torch_ops.py. */
export interface Call {
  readonly name: string;
  readonly op: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: number;
  readonly grads: readonly string[];
  readonly bool: readonly string[];
  readonly float32_error: Readonly<Record<string, number>>;
}

const folder = new URL("./fixtures/torch-ops/", import.meta.url);
export const { calls } = JSON.parse(readFileSync(new URL("calls.json", folder), "utf8")) as { calls: Call[] };
const bytes = readFileSync(new URL("calls.safetensors", folder));
const file = parseSafetensors(new Uint8Array(bytes).buffer, "calls.safetensors");

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** A call's arguments: tensors for "$name", numbers that JSON lacks, options in camelCase. */
function filled(value: unknown, tensors: ReadonlyMap<string, T.Tensor>): unknown {
  if (typeof value === "string") {
    if (value.startsWith("$")) return tensors.get(value.slice(1));
    return value.endsWith("Infinity") ? Number(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, tensors));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), filled(item, tensors)]));
}

/** A tensor of a call as it is stored. */
export function stored(
  call: Call,
  name: string,
): { data: ArrayLike<number>; shape: readonly number[]; dtype: T.Tensor["dtype"] } {
  const { data, shape, dtype } = file.readSync!(`${call.name}/${name}`);
  return { data, shape, dtype: call.bool.includes(name) ? "bool" : dtype } as ReturnType<typeof stored>;
}

export function load(call: Call, name: string): T.Tensor {
  const { data, shape, dtype } = stored(call, name);
  return dtype === "bool"
    ? T.fromData(Uint8Array.from(data), shape, "bool")
    : T.fromData(data as Float32Array, shape, dtype);
}

/** The names of a call's arguments that are tensors. */
export function namesOf(call: Call): string[] {
  return [...new Set(JSON.stringify([call.args, call.options]).match(/(?<="\$)\w+/g) ?? [])];
}

/** Our name of what a call calls. */
export const opOf = (call: Call) => camel(call.op);

/** What the library answers to a call. */
export function answer(call: Call, tensors: ReadonlyMap<string, T.Tensor>): T.Tensor[] {
  const op = (T as unknown as Record<string, (...args: unknown[]) => unknown>)[opOf(call)];
  if (!op) throw new Error(`there is no op ${opOf(call)}`);
  const options = Object.keys(call.options).length > 0 ? [filled(call.options, tensors)] : [];
  const result = op(...call.args.map((arg) => filled(arg, tensors)), ...options);
  return result instanceof T.Tensor ? [result] : Object.values(result as object);
}
