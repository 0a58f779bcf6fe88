import type { DType } from "../../../core/dtype.ts";
import { PickleWriter } from "./writePickle.ts";
import { pickleOf } from "./writeTorch.ts";
import { ZipWriter } from "./writeZip.ts";

/** A file in memory. */
export function memorySink() {
  let held = new Uint8Array(0);
  return {
    get position() {
      return held.length;
    },
    async write(bytes: Uint8Array) {
      const longer = new Uint8Array(held.length + bytes.length);
      longer.set(held);
      longer.set(bytes, held.length);
      held = longer;
    },
    bytes: () => held,
  };
}

/** An archive as torch.save makes it, of any pickle and any storages. */
export async function archive(data: Uint8Array, storages: Record<string, Uint8Array>): Promise<Uint8Array> {
  const sink = memorySink();
  const zip = new ZipWriter(sink);
  await zip.add("archive/data.pkl", data);
  for (const [key, bytes] of Object.entries(storages)) await zip.add(`archive/data/${key}`, bytes);
  await zip.finish();
  return sink.bytes();
}

interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: number[];
}

/** The pickle of tensors; with `view`, of one tensor that views its storage so. */
export function pickle(tensors: Tensor[], view?: { shape: number[]; stride: number[]; offset: number }): Uint8Array {
  if (!view) return pickleOf(tensors, new Map());
  const writer = new PickleWriter();
  const [{ name, shape }] = tensors;
  writer.call("collections", "OrderedDict", () => {});
  writer.items([name], () => {
    writer.text(name);
    writer.call("torch._utils", "_rebuild_tensor_v2", () => {
      writer.persistent(() => {
        writer.text("storage");
        writer.global("torch", "FloatStorage");
        for (const word of ["0", "cpu"]) writer.text(word);
        writer.whole(shape.reduce((product, size) => product * size, 1));
      });
      writer.whole(view.offset);
      writer.tuple(() => writer.wholes(view.shape));
      writer.tuple(() => writer.wholes(view.stride));
      writer.no();
    });
  });
  return writer.finish();
}
