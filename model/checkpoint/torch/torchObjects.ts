import { quote, type StoredDType } from "../weightFile.ts";

/** A run of elements that tensors are views of: the file `data/<key>` of the archive. */
export class TorchStorage {
  readonly dtype: StoredDType;
  readonly key: string;
  readonly elements: number;

  constructor(dtype: StoredDType, key: string, elements: number) {
    this.dtype = dtype;
    this.key = key;
    this.elements = elements;
  }
}

/** A view of a storage; offset and strides count elements. Its numbers are checked when it is listed, by name. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], stride: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
  }
}

class StorageType {
  readonly dtype: StoredDType;

  constructor(dtype: StoredDType) {
    this.dtype = dtype;
    Object.freeze(this);
  }
}

const isList = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 64 && value.every((item) => Number.isSafeInteger(item) && item >= 0);

/** torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata) */
function rebuildTensor(storage: unknown, offset: unknown, shape: unknown, stride: unknown): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw new Error("a tensor without a storage");
  if (!isList([offset]) || !isList(shape) || !isList(stride) || shape.length !== stride.length)
    throw new Error("a tensor whose offset, shape or strides are not whole numbers, 0 or more, as many of each");
  return new TorchTensor(storage, offset as number, [...shape], [...stride]);
}

/** torch._utils._rebuild_parameter(data, requires_grad, backward_hooks) */
function rebuildParameter(data: unknown): TorchTensor {
  if (!(data instanceof TorchTensor)) throw new Error("a parameter without a tensor");
  return data;
}

function orderedDict(...args: unknown[]): Map<unknown, unknown> {
  if (args.length > 0) throw new Error("an OrderedDict with arguments");
  return new Map();
}

function size(items: unknown): number[] {
  if (!isList(items)) throw new Error("a torch.Size that is no list of whole numbers");
  return [...items];
}

/** All that a pickle may name. REDUCE calls them without `new`. */
const GLOBALS = new Map<string, unknown>([
  ["collections.OrderedDict", orderedDict],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch.Size", size],
  ["torch.DoubleStorage", new StorageType("F64")],
  ["torch.FloatStorage", new StorageType("F32")],
  ["torch.HalfStorage", new StorageType("F16")],
  ["torch.BFloat16Storage", new StorageType("BF16")],
  ["torch.LongStorage", new StorageType("I64")],
  ["torch.IntStorage", new StorageType("I32")],
  ["torch.ShortStorage", new StorageType("I16")],
  ["torch.CharStorage", new StorageType("I8")],
  ["torch.ByteStorage", new StorageType("U8")],
  ["torch.BoolStorage", new StorageType("BOOL")],
]);
for (const value of GLOBALS.values()) Object.freeze(value);

export function resolveGlobal(module: unknown, name: unknown): () => unknown {
  const path = `${module}.${name}`;
  if (typeof module !== "string" || typeof name !== "string" || !GLOBALS.has(path)) {
    throw new Error(
      `it names ${quote(path)}, which a state dict does not need and a harmful file would use. If you trust the file, ` +
        "save model.state_dict() alone, in Python",
    );
  }
  return GLOBALS.get(path) as () => unknown;
}

/** A persistent id of torch.save: ("storage", type, key, device, elements). */
export function loadStorage(id: unknown): TorchStorage {
  const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
  if (tag !== "storage" || typeof key !== "string" || !isList([elements]))
    throw new Error("a persistent id that is no storage");
  if (!(type instanceof StorageType)) throw new Error(`storage ${quote(key)} has no type`);
  return new TorchStorage(type.dtype, key, elements);
}
