import { sizeOf } from "./shape.ts";

/** Numbers in arrays in arrays, one depth a dim; of no dims, the number alone. */
export type NestedNumbers = number | NestedNumbers[];

/** Elements in row-major order as nested arrays. */
export function nest(data: ArrayLike<number>, shape: readonly number[], offset = 0): NestedNumbers {
  const [size, ...inner] = shape;
  if (size === undefined) return data[offset];
  const stride = sizeOf(inner);
  return Array.from({ length: size }, (_, i) => nest(data, inner, offset + i * stride));
}
