import { signedStream } from "../../core/random.ts";

const PATTERN = Float32Array.from(signedStream("bench", 8191));

/** Numbers in [-1, 1), the same few thousand over and over: drawing 58 million takes longer than multiplying by them. */
export function numbers(size: number): Float32Array<ArrayBuffer> {
  const data = new Float32Array(size);
  for (let at = 0; at < size; at += PATTERN.length) data.set(PATTERN.subarray(0, size - at), at);
  return data;
}
