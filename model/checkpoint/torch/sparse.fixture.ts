import { open } from "node:fs/promises";
import { byteLengthOf, type DType } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { pickleOf } from "./writeTorch.ts";
import { ZipWriter } from "./writeZip.ts";

export interface SparseTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The last bytes of its data; all before are zeros, and holes on the disk. */
  readonly ending?: Uint8Array;
}

/** A file of torch.save of any size, which takes the disk a few kilobytes. */
export async function writeSparseTorch(
  path: string,
  tensors: readonly SparseTensor[],
  aliases: ReadonlyMap<string, string> = new Map(),
): Promise<number> {
  const handle = await open(path, "w");
  const sink = {
    position: 0,
    async write(bytes: Uint8Array) {
      await handle.write(bytes, 0, bytes.length, sink.position);
      sink.position += bytes.length;
    },
  };
  const zip = new ZipWriter(sink);
  await zip.add("archive/data.pkl", pickleOf(tensors, aliases));
  for (const [key, { dtype, shape, ending = new Uint8Array(0) }] of tensors.entries()) {
    const size = byteLengthOf(dtype, sizeOf(shape));
    await zip.begin(`archive/data/${key}`, size, 0);
    sink.position += size - ending.length;
    await sink.write(ending);
  }
  await zip.finish();
  await handle.close();
  return sink.position;
}
