/** Row-major: each element follows the one before, so that the bytes can be taken as they lie. */
export function isContiguous(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    if (shape[dim] !== 1 && stride[dim] !== expected) return false;
    expected *= shape[dim];
  }
  return true;
}

/** How many elements lie between the first and the last of a view, both included; 0 for an empty one. */
export function spanOf(shape: readonly number[], stride: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, size, dim) => span + (size - 1) * stride[dim], 1);
}

/** The elements of a strided view in row-major order. `bytes` begin with the view's first element. */
export function gather(
  bytes: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  stride: readonly number[],
): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const out = new Uint8Array(count * elementBytes);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += elementBytes) {
    for (let byte = 0; byte < elementBytes; byte++) out[to + byte] = bytes[from * elementBytes + byte];
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      from += stride[dim];
      if (++index[dim] < shape[dim]) break;
      from -= shape[dim] * stride[dim];
      index[dim] = 0;
    }
  }
  return out;
}
