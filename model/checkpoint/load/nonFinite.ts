import { bf16ToF32, f16ToF32, isQuantized } from "../../../core/dtype.ts";
import { InfimmError } from "../../../core/errors.ts";
import { BLOCK, planesOf } from "../../../core/quantized.ts";
import { quote, type TensorData } from "../weightFile.ts";

/** For each float dtype: the bits of its exponent, by one or two elements in 32 bits. NaN and infinities have all set. */
const EXPONENT = { f32: 0x7f800000, f16: 0x7c007c00, bf16: 0x7f807f80 } as const;

/**
 * Refuses weights that are NaN or infinite: one of them makes every answer NaN, far from where it stands. Of quantised
 * ones, the scales may be so, and a block with them.
 * @throws InfimmError that names the tensor and the element
 */
export function refuseNonFinite({ dtype, shape, data }: TensorData, name: string, file: string): void {
  if (isQuantized(dtype)) {
    const { scales } = planesOf(dtype, data as Uint8Array);
    const plane = `${name}, scales of blocks of ${BLOCK}`;
    refuseNonFinite({ dtype: "f16", shape, data: scales }, plane, file);
    return;
  }
  if (dtype !== "f32" && dtype !== "f16" && dtype !== "bf16") return;
  if (isFinite32(data.buffer, data.byteOffset, data.byteLength, EXPONENT[dtype])) return;
  const values = { f32: (x: number) => x, f16: f16ToF32, bf16: bf16ToF32 };
  const at = data.findIndex((element) => !Number.isFinite(values[dtype](element)));
  throw new InfimmError(
    `${file}: tensor ${quote(name)}: element ${at} is ${values[dtype](data[at])}; the file is damaged, or its training ` +
      "diverged. To look into it all the same, load it with { allowNonFinite: true }",
  );
}

/**
 * Whether no element has all bits of its exponent set. Adding the exponent's lowest bit to the exponent alone carries
 * into the sign's place if all are set, and never further: gigabytes a second, without a branch.
 */
function isFinite32(buffer: ArrayBufferLike, offset: number, bytes: number, exponent: number): boolean {
  const isAligned = offset % 4 === 0 && bytes % 4 === 0;
  const words = isAligned ? new Uint32Array(buffer, offset, bytes / 4) : padded(buffer, offset, bytes);
  const lowest = exponent & ~(exponent << 1);
  let seen = 0;
  for (let i = 0; i < words.length; i++) seen |= ((words[i] & exponent) + lowest) | 0;
  return (seen & ~exponent & (exponent << 1)) === 0;
}

function padded(buffer: ArrayBufferLike, offset: number, bytes: number): Uint32Array {
  const copy = new Uint8Array(Math.ceil(bytes / 4) * 4);
  copy.set(new Uint8Array(buffer, offset, bytes));
  return new Uint32Array(copy.buffer);
}
