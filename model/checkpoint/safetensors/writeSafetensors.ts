import { checked } from "../../../core/knownNames.ts";
import { writeWhole } from "../../files/writeWhole.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { checkedBytes, encodeHeader, inFileOrder } from "./encodeSafetensors.ts";

/** Options of writeSafetensors. `metadata` stands in the file's header. */
export interface WriteOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Writes a safetensors file (Node) that Python's safetensors loads. Wide dtypes come first, then narrower
 * ones, each in the given order, so that every tensor is aligned in the file. Quantised ones are two tensors there
 * (quantizedTensors.ts).
 *
 * The file appears under `path` only when it is complete. Throws FileFormatError for a bad entry, and whatever
 * `data()` throws.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  options: WriteOptions = {},
): Promise<void> {
  const { metadata = {}, signal } = checked("writeSafetensors", options, ["metadata", "signal"]);
  const ordered = inFileOrder(tensors);
  const header = encodeHeader(ordered, metadata, path);
  await writeWhole(
    path,
    async (sink) => {
      await sink.write(header);
      for (const tensor of ordered) await sink.write(checkedBytes(tensor, await tensor.data(), path));
    },
    signal,
  );
}
