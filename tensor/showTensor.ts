import { showArray } from "../core/showArray.ts";
import type { Tensor } from "./tensor.ts";

/** Larger ones are not read to be shown. */
const MOST_READ = 1e6;

/** A tensor with its values, as NumPy shows them, where they can be read at once; else what it is. */
export function showTensor(t: Tensor): string {
  if (t.storage.freed) return `${t.dtype}[${t.shape.join(", ")}] freed`;
  if (!t.backend.readSync || t.backend.spent || t.size > MOST_READ) return String(t);
  const kind = t.dtype === "i32" ? "int" : t.dtype === "bool" ? "bool" : "float";
  return `${showArray(t.dataSync(), t.shape, kind)} ${t}`;
}
