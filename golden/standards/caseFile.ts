import { readFileSync } from "node:fs";
import { encodeFloats, type DType } from "../../core/dtype.ts";
import { fromData, type Tensor } from "../../tensor/index.ts";
import { type Argument, type Case, type Expected, remember } from "./case.ts";

/** A tensor in the list of a case file: where its numbers begin, and its shape. */
interface Stored {
  readonly tensor: readonly [at: number, shape: number[]];
  readonly dtype: "f32" | "i32" | "bool";
  readonly source: string;
  readonly grad?: boolean;
}

type Encoded = Stored | Encoded[] | { dtype: string } | { slice: (number | null)[] } | { number: string } | Plain;
type Plain = number | string | boolean | null;

interface ListedCase {
  readonly name: string;
  readonly op: string;
  readonly inputs: Encoded[];
  readonly attributes: Record<string, Encoded>;
  readonly outputs: Stored[];
  readonly outputsWanted?: boolean[];
  readonly opset?: number;
  readonly upstream?: Stored;
  readonly grads?: (Stored | null)[];
}

/** The cases that a script of golden/export wrote to `<path>.json` and `<path>.bin`. */
export function readCaseFile(path: string): Case[] {
  const listed = JSON.parse(readFileSync(`${path}.json`, "utf8")) as ListedCase[];
  const bytes = readFileSync(`${path}.bin`);
  const memory = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return listed.map((test) => caseOf(test, memory));
}

function caseOf(test: ListedCase, memory: ArrayBuffer): Case {
  const expectedOf = (stored: Stored): Expected => ({
    shape: stored.tensor[1],
    numbers: numbersAt(stored, memory),
    source: stored.source,
  });
  return {
    name: test.name,
    op: test.op,
    expected: test.outputs.map(expectedOf),
    wanted: test.outputsWanted,
    gradients: test.upstream && {
      upstream: expectedOf(test.upstream),
      expected: test.grads!.map((grad) => grad && expectedOf(grad)),
    },
    given() {
      const leaves: Tensor[] = [];
      const decode = (value: Encoded): Argument => {
        if (Array.isArray(value)) return value.map(decode);
        if (value === null || typeof value !== "object") return value;
        if ("number" in value) return Number(value.number.replace("inf", "Infinity"));
        if (!("tensor" in value)) return value;
        const tensor = tensorOf(value.source, value.tensor[1], numbersAt(value, memory));
        if (value.grad) leaves.push(tensor);
        return tensor;
      };
      const inputs = test.inputs.map(decode); // first: the leaves' order is PyTorch's
      const attributes = Object.fromEntries(Object.entries(test.attributes).map(([name, v]) => [name, decode(v)]));
      if (test.opset !== undefined) attributes.opset = test.opset;
      if (test.outputsWanted) attributes.outputsWanted = test.outputsWanted;
      return { inputs, attributes, leaves };
    },
  };
}

function numbersAt({ tensor: [at, shape], dtype }: Stored, memory: ArrayBuffer) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (dtype === "f32") return new Float32Array(memory, at, size);
  return dtype === "i32" ? new Int32Array(memory, at, size) : new Uint8Array(memory, at, size);
}

/** A tensor of a table's dtype: 16-bit floats are kept as such, whole numbers of every width are i32. */
export function tensorOf(source: string, shape: readonly number[], numbers: ArrayLike<number>): Tensor {
  const dtype = dtypeOf(source);
  const data =
    dtype === "f16" || dtype === "bf16"
      ? encodeFloats(dtype, Float32Array.from(numbers))
      : dtype === "f32"
        ? Float32Array.from(numbers)
        : dtype === "bool"
          ? Uint8Array.from(numbers)
          : Int32Array.from(numbers);
  return remember(fromData(data, shape, dtype), numbers, source);
}

/** The dtype here of a table's name for one: `float64`, `uint8`, `bool`, … */
export function dtypeOf(source: string): DType {
  if (source === "float16") return "f16";
  if (source === "bfloat16") return "bf16";
  if (source === "bool") return "bool";
  return source.startsWith("float") || source === "double" ? "f32" : "i32";
}
