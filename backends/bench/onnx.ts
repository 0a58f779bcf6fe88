import { concatBytes } from "../../core/bytes.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";

/** Just enough of the ONNX format (protocol buffers) to write graphs for ONNX Runtime. */

const utf8 = new TextEncoder();

/** A field that holds bytes: text, a message inside a message, raw data. */
function bytes(field: number, content: Uint8Array | string): Uint8Array {
  const body = typeof content === "string" ? utf8.encode(content) : content;
  return concatBytes([varint(field * 8 + 2), varint(body.length), body]);
}

/** A field that holds a whole number. */
function whole(field: number, value: number): Uint8Array {
  return concatBytes([varint(field * 8), varint(value)]);
}

/** A field that holds an f32. */
function float(field: number, value: number): Uint8Array {
  return concatBytes([varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Uint8Array.from([...out, value]);
}

/** A named value of f32 and its shape. */
function valueInfo(field: number, name: string, shape: Shape): Uint8Array {
  const dims = concatBytes(shape.map((size) => bytes(1, whole(1, size))));
  return bytes(field, concatBytes([bytes(1, name), bytes(2, bytes(1, concatBytes([whole(1, 1), bytes(2, dims)])))]));
}

/** A whole number is an integer attribute; a fraction is written `{ float: 1e-6 }`. */
export type Attribute = number | readonly number[] | { readonly float: number };

function attribute(name: string, value: Attribute): Uint8Array {
  const named = bytes(1, name);
  if (typeof value === "number") return bytes(5, concatBytes([named, whole(3, value), whole(20, 2)]));
  if ("float" in value) return bytes(5, concatBytes([named, float(2, value.float), whole(20, 1)]));
  return bytes(5, concatBytes([named, ...value.map((v) => whole(8, v)), whole(20, 7)]));
}

/** The names that ONNX gives to the types of elements. */
const ELEMENT_TYPES = new Map<unknown, number>([
  [Float32Array, 1],
  [Uint8Array, 2],
  [BigInt64Array, 7],
]);
type Elements = Float32Array | Uint8Array | BigInt64Array;

/** The name of a value in a graph. */
type Value = string;

/** A graph with one input, `x`, built op by op. */
export class OnnxGraph {
  readonly x: Value = "x";
  private readonly inputShape: Shape;
  private readonly nodes: Uint8Array[] = [];
  private readonly constants: Uint8Array[] = [];

  /** @param inputShape of x, f32 */
  constructor(inputShape: Shape) {
    this.inputShape = inputShape;
  }

  constant(shape: Shape, data: Elements): Value {
    if (sizeOf(shape) !== data.length) throw new RangeError(`${data.length} elements are not those of [${shape}]`);
    const name = `c${this.constants.length}`;
    const type = ELEMENT_TYPES.get(data.constructor)!;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dims = shape.map((size) => whole(1, size));
    this.constants.push(bytes(5, concatBytes([...dims, whole(2, type), bytes(8, name), bytes(9, raw)])));
    return name;
  }

  /** A constant of whole numbers: a shape, indices. */
  integers(...values: readonly number[]): Value {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  /** The first output of one operation, `domain`'s or ONNX's own. */
  op(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}, domain = ""): Value {
    const name = `v${this.nodes.length}`;
    this.nodes.push(
      bytes(
        1,
        concatBytes([
          ...inputs.map((input) => bytes(1, input)),
          bytes(2, name),
          bytes(4, op),
          ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
          bytes(7, domain),
        ]),
      ),
    );
    return name;
  }

  /** The model's bytes, with one output, f32. */
  model(output: Value, shape: Shape): Uint8Array {
    const graph = concatBytes([
      ...this.nodes,
      bytes(2, "g"),
      ...this.constants,
      valueInfo(11, this.x, this.inputShape),
      valueInfo(12, output, shape),
    ]);
    const operators = concatBytes([
      bytes(8, whole(2, 20)),
      bytes(8, concatBytes([bytes(1, "com.microsoft"), whole(2, 1)])),
    ]);
    return concatBytes([whole(1, 8), bytes(7, graph), operators]); // IR version 8, operators of version 20
  }
}
