import { checked } from "../../../core/knownNames.ts";
import type { DType } from "../../../core/dtype.ts";
import { DTypeError } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import { checkedBytes } from "../safetensors/encodeSafetensors.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { writeWhole } from "../../files/writeWhole.ts";
import { PickleWriter } from "./writePickle.ts";
import { ZipWriter } from "./writeZip.ts";

/** Options of writeTorch. */
export interface WriteTorchOptions {
  /** Other names of tensors: alias -> the name in `tensors`. They share its storage. */
  readonly aliases?: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

const STORAGE: Partial<Record<DType, string>> = {
  f32: "FloatStorage",
  i32: "IntStorage",
  bool: "BoolStorage",
  f16: "HalfStorage",
  bf16: "BFloat16Storage",
};

function storageOf(dtype: DType): string {
  const storage = STORAGE[dtype];
  if (!storage) throw new DTypeError(`PyTorch files hold no ${dtype} tensors; write safetensors, or .to("f32") first`);
  return storage;
}

/**
 * Writes a state dict as torch.save does (Node): torch.load reads it, with `weights_only=True` too. One tensor at a
 * time is in memory, and the file appears under `path` only when it is complete.
 */
export async function writeTorch(
  path: string,
  tensors: Iterable<TensorToWrite>,
  options: WriteTorchOptions = {},
): Promise<void> {
  const { aliases = new Map(), signal } = checked("writeTorch", options, ["aliases", "signal"]);
  const list = [...tensors];
  await writeWhole(
    path,
    async (sink) => {
      const zip = new ZipWriter(sink);
      const text = (words: string): Uint8Array => new TextEncoder().encode(words);
      await zip.add("archive/data.pkl", pickleOf(list, aliases));
      await zip.add("archive/byteorder", text("little"));
      for (const [key, tensor] of list.entries())
        await zip.add(`archive/data/${key}`, checkedBytes(tensor, await tensor.data(), path));
      await zip.add("archive/version", text("3\n"));
      await zip.finish();
    },
    signal,
  );
}

type StoredAs = Omit<TensorToWrite, "data">;

/** OrderedDict of name -> tensor. */
export function pickleOf(tensors: readonly StoredAs[], aliases: ReadonlyMap<string, string>): Uint8Array {
  const keys = new Map(tensors.map(({ name }, key) => [name, key]));
  const names = [...tensors.map(({ name }) => [name, name]), ...aliases];
  const pickle = new PickleWriter();
  pickle.call("collections", "OrderedDict", () => {});
  pickle.items(names, ([name, target]) => {
    const key = keys.get(target)!;
    pickle.text(name);
    writeTensor(pickle, tensors[key], key);
  });
  return pickle.finish();
}

function writeTensor(pickle: PickleWriter, { dtype, shape }: StoredAs, key: number): void {
  const stride = shape.map((_, dim) => sizeOf(shape.slice(dim + 1)));
  pickle.call("torch._utils", "_rebuild_tensor_v2", () => {
    pickle.persistent(() => {
      pickle.text("storage");
      pickle.global("torch", storageOf(dtype));
      pickle.text(String(key));
      pickle.text("cpu");
      pickle.whole(sizeOf(shape));
    });
    pickle.whole(0); // where in the storage it begins
    pickle.tuple(() => pickle.wholes(shape));
    pickle.tuple(() => pickle.wholes(stride));
    pickle.no(); // requires_grad
    pickle.call("collections", "OrderedDict", () => {}); // hooks
  });
}
