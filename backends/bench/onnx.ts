import { concatBytes } from "../../core/bytes.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";

/** Just enough of the ONNX format (protocol buffers) to write a graph of one operation for ONNX Runtime. */

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

export interface Constant {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * A model of one operation: y = op(x, constants…).
 * @param attributes whole numbers, or lists of them
 */
export function onnxModel(
  op: string,
  x: Shape,
  y: Shape,
  constants: readonly Constant[] = [],
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Uint8Array {
  const names = constants.map((_, i) => `c${i}`);
  const attribute = ([name, value]: [string, number | readonly number[]]) =>
    typeof value === "number"
      ? bytes(5, concatBytes([bytes(1, name), whole(3, value), whole(20, 2)]))
      : bytes(5, concatBytes([bytes(1, name), ...value.map((v) => whole(8, v)), whole(20, 7)]));
  const node = concatBytes([
    ...["x", ...names].map((name) => bytes(1, name)),
    bytes(2, "y"),
    bytes(4, op),
    ...Object.entries(attributes).map(attribute),
  ]);
  const initializers = constants.map(({ shape, data }, i) => {
    if (sizeOf(shape) !== data.length) throw new RangeError(`${op}: constant ${i} does not have its shape's size`);
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return bytes(
      5,
      concatBytes([...shape.map((size) => whole(1, size)), whole(2, 1), bytes(8, names[i]), bytes(9, raw)]),
    );
  });
  const graph = concatBytes([
    bytes(1, node),
    bytes(2, "g"),
    ...initializers,
    valueInfo(11, "x", x),
    valueInfo(12, "y", y),
  ]);
  return concatBytes([whole(1, 8), bytes(7, graph), bytes(8, whole(2, 20))]); // IR version 8, operators of version 20
}
