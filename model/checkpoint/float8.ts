import { f32ToBf16 } from "../../core/dtype.ts";

export type Float8 = "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ";

/** How the bits of a byte are shared out, and which of them are no finite number. */
interface Kind {
  readonly exponentBits: number;
  readonly bias: number;
  /** The value of a byte that is not finite; undefined for the others. */
  special(byte: number): number | undefined;
}

/**
 * PyTorch's float8 dtypes: e4m3fn has no infinities and NaN at all ones (OCP 8-bit floating point, 1.0), e5m2 is f16's
 * upper byte, e8m0fnu is powers of two without a sign (OCP microscaling), and of the fnuz ones -0 is the only NaN.
 */
const KINDS: Record<Float8, Kind> = {
  F8_E4M3: { exponentBits: 4, bias: 7, special: (byte) => ((byte & 0x7f) === 0x7f ? Number.NaN : undefined) },
  F8_E5M2: {
    exponentBits: 5,
    bias: 15,
    special: (byte) =>
      (byte & 0x7c) !== 0x7c ? undefined : byte & 3 ? Number.NaN : byte & 0x80 ? -Infinity : Infinity,
  },
  F8_E8M0: { exponentBits: 8, bias: 127, special: (byte) => (byte === 0xff ? Number.NaN : 2 ** (byte - 127)) },
  F8_E4M3FNUZ: { exponentBits: 4, bias: 8, special: (byte) => (byte === 0x80 ? Number.NaN : undefined) },
  F8_E5M2FNUZ: { exponentBits: 5, bias: 16, special: (byte) => (byte === 0x80 ? Number.NaN : undefined) },
};

function decoded({ exponentBits, bias, special }: Kind, byte: number): number {
  const fractionBits = 7 - exponentBits;
  const exponent = (byte & 0x7f) >> fractionBits;
  const fraction = (byte & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
  const magnitude = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  return special(byte) ?? (byte & 0x80 ? -magnitude : magnitude);
}

const tables = new Map<Float8, Uint16Array>();

/** Bytes of a float8 dtype as bf16, which holds every value of each exactly. */
export function float8ToBf16(kind: Float8, bytes: Uint8Array): Uint16Array {
  const table =
    tables.get(kind) ?? Uint16Array.from({ length: 256 }, (_, byte) => f32ToBf16(decoded(KINDS[kind], byte)));
  tables.set(kind, table);
  const out = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]];
  return out;
}
