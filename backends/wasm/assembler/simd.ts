import { Code, floatBytes, operation, type Type, unsigned } from "./code.ts";

/** The 128-bit instructions that our kernels use, named as in the specification. */

type V = Code<"v128">;

/** All SIMD opcodes follow the prefix 0xfd. */
const op = (code: number) => [0xfd, ...unsigned(code)];

const unary =
  (code: number) =>
  (x: V): V =>
    operation("v128", [x], op(code));
const binary =
  (code: number) =>
  (a: V, b: V): V =>
    operation("v128", [a, b], op(code));
const ternary =
  (code: number) =>
  (a: V, b: V, c: V): V =>
    operation("v128", [a, b, c], op(code));
const shift =
  (code: number) =>
  (x: V, bits: Code<"i32">): V =>
    operation("v128", [x, bits], op(code));
const splat =
  <P extends Type>(_param: P, code: number) =>
  (x: Code<P>): V =>
    operation("v128", [x], op(code));
const extract =
  <R extends Type>(result: R, code: number) =>
  (x: V, lane: number): Code<R> =>
    operation(result, [x], [...op(code), lane]);
const replace =
  <P extends Type>(_param: P, code: number) =>
  (x: V, lane: number, value: Code<P>): V =>
    operation("v128", [x, value], [...op(code), lane]);
const loading =
  (code: number) =>
  (address: Code<"i32">, offset = 0): V =>
    operation("v128", [address], [...op(code), 0, ...unsigned(offset)]);
const loadingLane =
  (code: number) =>
  (address: Code<"i32">, vector: V, lane: number, offset = 0): V =>
    operation("v128", [address, vector], [...op(code), 0, ...unsigned(offset), lane]);
const storingLane =
  (code: number) =>
  (address: Code<"i32">, vector: V, lane: number, offset = 0): Code<"void"> =>
    operation("void", [address, vector], [...op(code), 0, ...unsigned(offset), lane]);

export const v128 = {
  load: loading(0),
  load8x8_s: loading(1),
  load8x8_u: loading(2),
  load16x4_s: loading(3),
  load16x4_u: loading(4),
  load8_splat: loading(7),
  load16_splat: loading(8),
  load32_splat: loading(9),
  load32_zero: loading(92),
  load64_zero: loading(93),
  load8_lane: loadingLane(84),
  load16_lane: loadingLane(85),
  load32_lane: loadingLane(86),
  store: (address: Code<"i32">, value: V, offset = 0): Code<"void"> =>
    operation("void", [address, value], [...op(11), 0, ...unsigned(offset)]),
  store8_lane: storingLane(88),
  store16_lane: storingLane(89),
  store32_lane: storingLane(90),
  store64_lane: storingLane(91),
  /** Four equal 32-bit lanes, given as an f32. */
  f32: (value: number): V => new Code("v128", [...op(12), ...Array(4).fill(floatBytes(value, 4)).flat()]),
  /** Four equal 32-bit lanes, given as bits. */
  i32: (bits: number): V =>
    new Code("v128", [...op(12), ...new Uint8Array(Int32Array.of(bits, bits, bits, bits).buffer)]),
  /** Four i32 lanes. */
  lanes: (values: readonly number[]): V =>
    new Code("v128", [...op(12), ...new Uint8Array(Int32Array.from(values).buffer)]),
  not: unary(77),
  and: binary(78),
  andnot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of `a` where `mask` is 1, of `b` where it is 0. */
  bitselect: ternary(82),
  any_true: (x: V): Code<"i32"> => operation("i32", [x], op(83)),
};

export const i8x16 = {
  /** Sixteen of the 32 bytes of a and b, by their numbers. */
  shuffle: (a: V, b: V, bytes: readonly number[]): V => operation("v128", [a, b], [...op(13), ...bytes]),
  swizzle: binary(14),
  splat: splat("i32", 15),
  narrow_i16x8_s: binary(101),
  narrow_i16x8_u: binary(102),
  shl: shift(107),
  shr_s: shift(108),
  shr_u: shift(109),
  add: binary(110),
  sub: binary(113),
};

export const i16x8 = {
  splat: splat("i32", 16),
  narrow_i32x4_s: binary(133),
  narrow_i32x4_u: binary(134),
  extend_low_i8x16_s: unary(135),
  extend_high_i8x16_s: unary(136),
  extend_low_i8x16_u: unary(137),
  extend_high_i8x16_u: unary(138),
  shl: shift(139),
  shr_s: shift(140),
  shr_u: shift(141),
  add: binary(142),
  sub: binary(145),
  mul: binary(149),
  extadd_pairwise_i8x16_s: unary(124),
  extadd_pairwise_i8x16_u: unary(125),
  /** Sums of two products of a signed byte and one of 7 bits. Relaxed: what an 8th bit does is up to the engine. */
  relaxed_dot_i8x16_i7x16_s: binary(0x112),
};

export const i32x4 = {
  splat: splat("i32", 17),
  extract: extract("i32", 27),
  replace: replace("i32", 28),
  eq: binary(55),
  ne: binary(56),
  lt_s: binary(57),
  gt_s: binary(59),
  gt_u: binary(60),
  le_s: binary(61),
  ge_s: binary(63),
  extadd_pairwise_i16x8_s: unary(126),
  abs: unary(160),
  neg: unary(161),
  extend_low_i16x8_s: unary(167),
  extend_high_i16x8_s: unary(168),
  extend_low_i16x8_u: unary(169),
  extend_high_i16x8_u: unary(170),
  shl: shift(171),
  shr_s: shift(172),
  shr_u: shift(173),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  min_s: binary(182),
  max_s: binary(184),
  dot_i16x8_s: binary(186),
  trunc_sat_f32x4_s: unary(248),
};

export const f32x4 = {
  splat: splat("f32", 19),
  extract: extract("f32", 31),
  replace: replace("f32", 32),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  ceil: unary(103),
  floor: unary(104),
  trunc: unary(105),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  min: binary(232),
  max: binary(233),
  /** `b < a ? b : a`: one instruction where `min` is many, and a NaN in `a` stays. */
  pmin: binary(234),
  /** `a < b ? b : a`. */
  pmax: binary(235),
  convert_i32x4_s: unary(250),
  demote_f64x2_zero: unary(94),
  /** a · b + c, rounded once or twice: up to the engine. */
  relaxed_madd: ternary(0x105),
};

export const f64x2 = {
  splat: splat("f64", 20),
  extract: extract("f64", 33),
  promote_low_f32x4: unary(95),
  add: binary(240),
  sub: binary(241),
  mul: binary(242),
};
