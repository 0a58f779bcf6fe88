/** WebAssembly's value types, with the bytes that name them in a module. */
export const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

export type Type = keyof typeof TYPES;

/**
 * Instructions that leave one value of type `T` on the stack (or none, for `void`): those of the operands first,
 * then the operation itself, as a stack machine wants them. Immutable: using a code twice computes it twice.
 */
export class Code<T extends Type | "void" = Type | "void"> {
  readonly type: T;
  readonly bytes: readonly number[];

  constructor(type: T, bytes: readonly number[]) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** The operands' instructions, then the operation's. */
export function operation<T extends Type | "void">(type: T, operands: readonly Code[], opcode: readonly number[]) {
  return new Code(type, [...operands.flatMap((operand) => operand.bytes), ...opcode]);
}

/** LEB128: seven bits a byte, the lowest first; the top bit says that more follow. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of an i32. It ends when the rest is all sign. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const ends = (value === 0 && !(low & 0x40)) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(ends ? low : low | 0x80);
    if (ends) return bytes;
  }
}

/** The bytes of an IEEE float, little end first. */
export function floatBytes(value: number, size: 4 | 8): number[] {
  return [...new Uint8Array(size === 4 ? Float32Array.of(value).buffer : Float64Array.of(value).buffer)];
}

/** A count, and then that number of things. */
export function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

/** A name, or any bytes, with their number before them. */
export function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}
