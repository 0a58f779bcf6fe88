import { quote } from "../weightFile.ts";
import { DTYPES, type TorchDtype } from "./torchDtypes.ts";

/** A run of bytes that tensors are views of, by the name under which the file holds it. */
export class TorchStorage {
  readonly dtype: TorchDtype;
  readonly key: string;
  /** Of `dtype`. */
  readonly elements: number;
  /** How many elements of the stored run lie before it: a view of a storage, in files before PyTorch 1.6. */
  readonly offset: number;

  constructor(dtype: TorchDtype, key: string, elements: number, offset = 0) {
    this.dtype = dtype;
    this.key = key;
    this.elements = elements;
    this.offset = offset;
  }
}

/** How a view lies in its storage; offset and strides count elements of `dtype`. */
export interface TorchView {
  readonly dtype: TorchDtype;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** A view of a storage. Its numbers are checked when it is listed, by name. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly view: TorchView;
  /** PyTorch's negative bit: the values are those in the storage with the other sign. */
  readonly isNegated: boolean;

  constructor(storage: TorchStorage, view: TorchView, isNegated: boolean) {
    this.storage = storage;
    this.view = view;
    this.isNegated = isNegated;
  }
}

/** A tensor that is not a view of one storage, such as a sparse one. It is refused by its name if it is a weight. */
export class OddTensor {
  /** "a sparse tensor; save it with .to_dense()" */
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** Something of PyTorch or Python that is no weight and is not looked into: a device, a layout, a class of tensors. */
export class Named {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    Object.freeze(this);
  }
}

/** A value from a pickle for a message: a list in it may hold itself a billion times, so it is not written out. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Named) return value.name;
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A class of storages, named as the type of one. */
export class StorageType {
  readonly dtype: TorchDtype;

  constructor(dtype: TorchDtype) {
    this.dtype = dtype;
    Object.freeze(this);
  }
}

export const isList = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 64 && value.every((item) => Number.isSafeInteger(item) && item >= 0);

export const isDtype = (value: unknown): value is TorchDtype => Object.values(DTYPES).includes(value as TorchDtype);

/**
 * A persistent id of torch.save: ("storage", type, key, device, elements), before PyTorch 1.6 with a view's
 * (key, offset, elements) or None at the end.
 */
export function loadStorage(id: unknown): TorchStorage {
  const [tag, type, key, , elements, view] = Array.isArray(id) ? id : [];
  if (tag !== "storage" || typeof key !== "string" || !isList([elements]))
    throw new Error("a persistent id that is no storage");
  if (!(type instanceof StorageType)) throw new Error(`storage ${quote(key)} has no type`);
  if (!Array.isArray(view)) return new TorchStorage(type.dtype, key, elements);
  const [, offset, size] = view;
  if (!isList([offset, size]) || offset + size > elements)
    throw new Error(`storage ${quote(key)} has a view that reaches out of it`);
  return new TorchStorage(type.dtype, key, size, offset);
}
