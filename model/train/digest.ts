import type { Module } from "../../nn/module.ts";
import { scope, slice } from "../../tensor/index.ts";

/** Numbers of each tensor that are looked at. */
const LOOKED_AT = 4096;

/**
 * What a model's weights are, in 16 hexadecimal digits: of names, shapes and the first numbers of every tensor, in their
 * own precision. Other weights differ everywhere, so a part of each tells; all of 20 GB would take minutes.
 */
export async function digestOf(module: Module): Promise<string> {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  const take = (word: number) => {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ word ^ (a >>> 15), 0x85ebca6b);
  };
  for (const [name, tensor] of module.stateDict()) {
    for (const char of `${name} ${tensor.shape}`) take(char.codePointAt(0)!);
    const first = tensor.size <= LOOKED_AT ? tensor : scope(() => slice(tensor.reshape(-1), 0, 0, LOOKED_AT).mul(1));
    const data = Float32Array.from(await first.data());
    if (first !== tensor) first.dispose();
    for (const word of new Uint32Array(data.buffer)) take(word);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
