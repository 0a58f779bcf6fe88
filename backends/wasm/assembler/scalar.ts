import { Code, floatBytes, operation, signed, type Type, unsigned } from "./code.ts";

/** The scalar instructions that our kernels use. The numbers are the specification's opcodes. */

const unary =
  <P extends Type, R extends Type>(_param: P, result: R, ...opcode: number[]) =>
  (x: Code<P>): Code<R> =>
    operation(result, [x], opcode);

const binary =
  <P extends Type, R extends Type>(_param: P, result: R, ...opcode: number[]) =>
  (a: Code<P>, b: Code<P>): Code<R> =>
    operation(result, [a, b], opcode);

/** `address + offset`; the alignment is only a hint, and we give none. */
const loading =
  <R extends Type>(result: R, opcode: number) =>
  (address: Code<"i32">, offset = 0): Code<R> =>
    operation(result, [address], [opcode, 0, ...unsigned(offset)]);

const storing =
  <P extends Type>(_param: P, opcode: number) =>
  (address: Code<"i32">, value: Code<P>, offset = 0): Code<"void"> =>
    operation("void", [address, value], [opcode, 0, ...unsigned(offset)]);

export const i32 = {
  const: (value: number): Code<"i32"> => new Code("i32", [0x41, ...signed(value | 0)]),
  load: loading("i32", 0x28),
  load8_u: loading("i32", 0x2d),
  load16_u: loading("i32", 0x2f),
  store: storing("i32", 0x36),
  store8: storing("i32", 0x3a),
  store16: storing("i32", 0x3b),
  eqz: unary("i32", "i32", 0x45),
  eq: binary("i32", "i32", 0x46),
  ne: binary("i32", "i32", 0x47),
  lt_s: binary("i32", "i32", 0x48),
  lt_u: binary("i32", "i32", 0x49),
  gt_s: binary("i32", "i32", 0x4a),
  gt_u: binary("i32", "i32", 0x4b),
  le_s: binary("i32", "i32", 0x4c),
  ge_s: binary("i32", "i32", 0x4e),
  ge_u: binary("i32", "i32", 0x4f),
  add: binary("i32", "i32", 0x6a),
  sub: binary("i32", "i32", 0x6b),
  mul: binary("i32", "i32", 0x6c),
  div_u: binary("i32", "i32", 0x6e),
  rem_u: binary("i32", "i32", 0x70),
  and: binary("i32", "i32", 0x71),
  or: binary("i32", "i32", 0x72),
  xor: binary("i32", "i32", 0x73),
  shl: binary("i32", "i32", 0x74),
  shr_s: binary("i32", "i32", 0x75),
  shr_u: binary("i32", "i32", 0x76),
  trunc_sat_f32_s: unary("f32", "i32", 0xfc, 0),
  trunc_sat_f64_s: unary("f64", "i32", 0xfc, 2),
  reinterpret_f32: unary("f32", "i32", 0xbc),
};

export const f32 = {
  const: (value: number): Code<"f32"> => new Code("f32", [0x43, ...floatBytes(value, 4)]),
  load: loading("f32", 0x2a),
  store: storing("f32", 0x38),
  eq: binary("f32", "i32", 0x5b),
  ne: binary("f32", "i32", 0x5c),
  lt: binary("f32", "i32", 0x5d),
  gt: binary("f32", "i32", 0x5e),
  abs: unary("f32", "f32", 0x8b),
  sqrt: unary("f32", "f32", 0x91),
  add: binary("f32", "f32", 0x92),
  sub: binary("f32", "f32", 0x93),
  mul: binary("f32", "f32", 0x94),
  div: binary("f32", "f32", 0x95),
  max: binary("f32", "f32", 0x97),
  convert_i32_s: unary("i32", "f32", 0xb2),
  demote_f64: unary("f64", "f32", 0xb6),
};

export const f64 = {
  const: (value: number): Code<"f64"> => new Code("f64", [0x44, ...floatBytes(value, 8)]),
  add: binary("f64", "f64", 0xa0),
  sub: binary("f64", "f64", 0xa1),
  mul: binary("f64", "f64", 0xa2),
  div: binary("f64", "f64", 0xa3),
  sqrt: unary("f64", "f64", 0x9f),
  convert_i32_s: unary("i32", "f64", 0xb7),
  promote_f32: unary("f32", "f64", 0xbb),
};

/** `condition ? a : b`, both of them computed. */
export function select<T extends Exclude<Type, "v128">>(a: Code<T>, b: Code<T>, condition: Code<"i32">): Code<T> {
  return operation(a.type, [a, b, condition], [0x1b]);
}

export const memory = {
  copy: (to: Code<"i32">, from: Code<"i32">, bytes: Code<"i32">): Code<"void"> =>
    operation("void", [to, from, bytes], [0xfc, 10, 0, 0]),
  fill: (to: Code<"i32">, byte: Code<"i32">, bytes: Code<"i32">): Code<"void"> =>
    operation("void", [to, byte, bytes], [0xfc, 11, 0]),
};
