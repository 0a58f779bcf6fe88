import { FileFormatError, showShape } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import { isObject } from "./strictJson.ts";
import { quote, type PlainTensor, STORED_BYTES, type StoredDType } from "../weightFile.ts";

/** A tensor and where its bytes lie: `[begin, end)`, counted from the start of the data. */
export interface LocatedTensor extends PlainTensor {
  readonly begin: number;
  readonly end: number;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Dtypes of safetensors that we do not read, in words. */
const UNHELD: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  C64: "complex numbers; torch.view_as_real makes pairs of them",
  F4: "floats of 4 bits, two in a byte",
  F6_E2M3: "floats of 6 bits",
  F6_E3M2: "floats of 6 bits",
});

/** One entry of the header, with dtype, shape and offsets checked against each other and the file's size. */
export function locate(name: string, entry: unknown, dataBytes: number, file: string): LocatedTensor {
  const refuse = (why: string): never => {
    throw new FileFormatError(`${file}: tensor ${quote(name)}: ${why}`);
  };
  if (!isObject(entry)) return refuse("expected an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") return refuse("dtype must be a string");
  if (!Object.hasOwn(STORED_BYTES, dtype)) {
    const known = Object.keys(STORED_BYTES).join(", ");
    const what = UNHELD[dtype] ? ` (${UNHELD[dtype]})` : "";
    return refuse(`dtype ${quote(dtype)}${what} is not supported; convert it to one of ${known}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) return refuse("shape must be a list of whole numbers, 0 or more");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return refuse("data_offsets must be [begin, end], whole numbers, 0 or more");
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) return refuse(`data_offsets [${begin}, ${end}] end before they begin`);
  if (end > dataBytes) {
    return refuse(
      `its data ends at byte ${end}, but the file has ${dataBytes} bytes of data; is the download complete?`,
    );
  }
  const bytes = sizeOf(shape) * STORED_BYTES[dtype as StoredDType];
  if (bytes !== end - begin) {
    return refuse(
      `${dtype} ${showShape(shape.slice(0, 16))} needs ${bytes} bytes, but data_offsets give it ${end - begin}`,
    );
  }
  return { name, dtype: dtype as StoredDType, shape, begin, end };
}

/** The data must be covered exactly: overlaps hide one tensor in another, holes hide anything. */
export function checkLayout(tensors: LocatedTensor[], dataBytes: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const what = begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new FileFormatError(
        `${file}: tensor ${quote(name)}: begins at byte ${begin} of the data, which ${what} (expected ${covered})`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new FileFormatError(`${file}: ${dataBytes - covered} bytes after the last tensor belong to no tensor`);
  }
}
