import { FileFormatError, showShape } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { ByteSource } from "../byteSource.ts";
import { decodeStored } from "../decodeStored.ts";
import { quote, type PlainTensor, type TensorData, type WeightFile } from "../weightFile.ts";
import { BEGINNING_BYTES, whatIsIt } from "../../files/whatIsIt.ts";
import type { StoredRun, TorchContainer } from "./container.ts";
import { isLegacy, openLegacy } from "./legacyFile.ts";
import { findStateDict } from "./stateDict.ts";
import { gather, isContiguous, spanOf } from "./stridedView.ts";
import { OddTensor, type TorchTensor } from "./torchObjects.ts";
import { openZip } from "./zipFile.ts";

/** A view with all that reading it takes. */
interface Located {
  readonly tensor: PlainTensor;
  readonly source: TorchTensor;
  readonly run: StoredRun;
}

/**
 * A file of torch.save (Node). Reads names, shapes and strides; each tensor is then read from its own range.
 *
 * Throws FileFormatError if it is not whole and valid, or holds anything else than a state dict. Closing it closes `source`.
 */
export async function readTorch(source: ByteSource): Promise<WeightFile> {
  const path = source.name;
  const container = await openContainer(source);
  const located = new Map<string, Located>();
  for (const [name, tensor] of findStateDict(container.saved, path))
    located.set(name, locate(name, tensor, container, path));
  const find = (name: string): Located => {
    const found = located.get(name);
    if (!found) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
    return found;
  };
  return {
    path,
    tensors: new Map([...located].map(([name, { tensor }]) => [name, tensor])),
    metadata: {},
    async read(name) {
      const found = find(name);
      const data = decodeStored(found.tensor, await readView(source, found), path);
      return found.source.isNegated ? negated(data) : data;
    },
    memoryOf(name) {
      const { storage, view, isNegated } = find(name).source;
      const { dtype, offset, shape, stride } = view;
      return [storage.key, storage.offset + offset, dtype.name, isNegated, shape, stride].join("/");
    },
    close: () => source.close(),
  };
}

const ZIP = [0x50, 0x4b, 0x03, 0x04];

async function openContainer(source: ByteSource): Promise<TorchContainer> {
  const start = await source.read(0, Math.min(BEGINNING_BYTES, source.size));
  if (ZIP.every((byte, i) => start[i] === byte)) return openZip(source);
  if (isLegacy(start)) return openLegacy(source);
  const what = whatIsIt(start) ?? "is the download complete?";
  throw new FileFormatError(
    `${source.name}: is not a file of torch.save (it does not begin like a zip archive): ${what}`,
  );
}

/** A tensor, once its view is known to lie in its storage and not to grow in memory. */
function locate(name: string, source: TorchTensor | OddTensor, container: TorchContainer, path: string): Located {
  const refuse = (why: string): never => {
    throw new FileFormatError(`${path}: tensor ${quote(name)}: ${why}`);
  };
  if (source instanceof OddTensor) return refuse(`is ${source.what}`);
  const { storage, view } = source;
  const { dtype, offset, shape, stride } = view;
  if (!dtype.stored) return refuse(`has numbers of torch.${dtype.name}, which we do not hold; ${wayOut(dtype.name)}`);
  const run = container.run(storage.key);
  if (!run) return refuse(`its storage, data/${storage.key}, is not in the archive`);
  const needed = (storage.offset + storage.elements) * storage.dtype.bytes;
  if (run.bytes < needed)
    return refuse(
      `its storage claims ${storage.elements} elements of ${storage.dtype.name} (${needed} bytes), and has ${run.bytes} bytes`,
    );
  const elements = Math.floor((storage.elements * storage.dtype.bytes) / dtype.bytes);
  if (!(offset + spanOf(shape, stride) <= elements))
    return refuse(
      `${showShape(shape)} with strides ${showShape(stride)} from ${offset} reaches beyond the ${elements} elements of its storage`,
    );
  if (!(sizeOf(shape) <= elements))
    return refuse(`${showShape(shape)} is expanded from ${elements} stored elements; save it with .contiguous()`);
  return { tensor: { name, dtype: dtype.stored, shape }, source, run };
}

function wayOut(dtype: string): string {
  return dtype.startsWith("complex") ? "save torch.view_as_real(t), pairs of floats" : 'save it with .to("float32")';
}

async function readView(source: ByteSource, { source: { storage, view }, run }: Located): Promise<Uint8Array> {
  const { dtype, offset, shape, stride } = view;
  const start = (await run.start()) + storage.offset * storage.dtype.bytes + offset * dtype.bytes;
  const bytes = await source.read(start, spanOf(shape, stride) * dtype.bytes);
  return isContiguous(shape, stride) ? bytes : gather(bytes, dtype.bytes, shape, stride);
}

/** With the other sign: of 16-bit floats, the sign's bit. */
function negated({ dtype, shape, data }: TensorData): TensorData {
  const is16 = dtype === "f16" || dtype === "bf16";
  return { dtype, shape, data: is16 ? data.map((bits) => bits ^ 0x8000) : data.map((x) => -x) };
}
