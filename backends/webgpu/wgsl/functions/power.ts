/**
 * pow, within 2 units in the last place: 2^(b · log2 a), where the exponent needs nine bits more than an f32 has. So the
 * logarithm and its product with b are whole numbers of 32 bits and a scale. What C99 says of zeros, infinities and NaN holds.
 */
export const POWER: Readonly<Record<string, string>> = {
  // ± digits · 2^scale
  scaledOf: `struct Scaled { digits: u32, scale: i32, negative: bool }
fn scaledOf(wide: vec2<u32>, scale: i32, negative: bool) -> Scaled {
  let zeros = min(wideZeros(wide), 32u);
  return Scaled(wideFrom(wide, zeros), scale + 32 - i32(zeros), negative);
}`,
  // n / d with 32 digits, for 0 < n < d < 2^26, six bits at a time
  ratioOf: `fn ratioOf(n: u32, d: u32, negative: bool) -> Scaled {
  let up = countLeadingZeros(n) - 7u;
  var rest = n << up;
  var digits = rest / d;
  rest = rest % d;
  for (var i = 0u; i < 5u; i++) {
    rest = rest << 6u;
    digits = (digits << 6u) | (rest / d);
    rest = rest % d;
  }
  let last = countLeadingZeros(digits);
  return Scaled((digits << last) | ((rest << last) / d), -i32(30u + last + up), negative);
}`,
  // log2 of the number m · 2^-24 between √½ and √2: with s = (m - 1) / (m + 1) it is 2/ln 2 (s + s³/3 + s⁵/5 + …)
  log2Near1: `fn log2Near1(m: u32) -> Scaled {
  let below = m < 0x1000000u;
  let s = ratioOf(select(m - 0x1000000u, 0x1000000u - m, below), m + 0x1000000u, below);
  let down = u32(-32 - s.scale);
  let fixed = select(0u, s.digits >> min(down, 31u), down < 32u);
  let square = highProduct(fixed, fixed);
  var series = 0x0e347ab4u;
  series = 0x10c9a84au + highProduct(square, series);
  series = 0x1484b13du + highProduct(square, series);
  series = 0x1a61762au + highProduct(square, series);
  series = 0x24eed8a2u + highProduct(square, series);
  series = 0x3d8e13b8u + highProduct(square, series);
  series = 0xb8aa3b29u + highProduct(square, series);
  return scaledOf(wideProduct(s.digits, series), s.scale - 30, below);
}`,
  // log2 of a positive number, given by its bits; not of 1
  log2Of: `fn log2Of(bits: u32) -> Scaled {
  let up = select(0u, countLeadingZeros(bits) - 8u, bits < 0x800000u);
  let digits = ((bits << up) & 0x7fffffu) | 0x800000u;
  let high = digits > 11863283u;
  let whole = max(i32(bits >> 23u), 1) - i32(up) - 127 + select(0, 1, high);
  let m = select(digits << 1u, digits, high);
  if (m == 0x1000000u) { return scaledOf(vec2<u32>(u32(abs(whole)), 0u), -32, whole < 0); }
  let near = log2Near1(m);
  if (whole == 0) { return near; }
  let down = u32(-32 - near.scale);
  let fraction = select(0u, near.digits >> min(down, 31u), down < 32u);
  let borrow = near.negative != (whole < 0) && fraction > 0u;
  let sum = vec2<u32>(u32(abs(whole)) - select(0u, 1u, borrow), select(fraction, 0u - fraction, borrow));
  return scaledOf(sum, -32, whole < 0);
}`,
  exp2Of: `fn exp2Of(x: Scaled) -> f32 {
  if (x.scale >= -23) { return select(inf(), 0.0, x.negative); }
  if (x.scale < -58) { return 1.0; }
  let down = u32(-x.scale);
  let whole = select(x.digits >> min(down, 31u), 0u, down >= 32u);
  let fraction = select(x.digits >> min(down - 32u, 31u), x.digits << (32u - min(down, 32u)), down < 32u);
  let nearest = i32(whole + (fraction >> 31u));
  let rest = f32(bitcast<i32>(fraction)) * pow2(-32);
  let exponent = clamp(select(nearest, -nearest, x.negative), -200, 200);
  return expNear0(select(rest, -rest, x.negative) * 0.69314718) * pow2(exponent / 2) * pow2(exponent - exponent / 2);
}`,
  // whether the number of these bits is an odd whole number (1), an even one (0), or none (2)
  parityOf: `fn parityOf(size: u32) -> u32 {
  let exponent = size >> 23u;
  if (exponent < 127u) { return 2u; }
  if (exponent > 150u) { return 0u; }
  let digits = (size & 0x7fffffu) | 0x800000u;
  let unit = 150u - exponent;
  return select((digits >> unit) & 1u, 2u, (digits & ((1u << unit) - 1u)) != 0u);
}`,
  powOf: `fn powOf(a: f32, b: f32) -> f32 {
  let sizeA = bitcast<u32>(a) & 0x7fffffffu;
  let sizeB = bitcast<u32>(b) & 0x7fffffffu;
  if (sizeB == 0u || bitcast<u32>(a) == 0x3f800000u) { return 1.0; }
  if (sizeA > 0x7f800000u || sizeB > 0x7f800000u) { return nan(); }
  if (b == 2.0) { return a * a; }
  if (b == 3.0) { return a * a * a; }
  let negative = (bitcast<u32>(a) >> 31u) == 1u;
  let inverse = (bitcast<u32>(b) >> 31u) == 1u;
  let parity = parityOf(sizeB);
  var size = 1.0;
  if (sizeA == 0u || sizeA == 0x7f800000u || sizeB == 0x7f800000u) {
    if (sizeA != 0x3f800000u) { size = select(0.0, inf(), (sizeA > 0x3f800000u) != inverse); }
  } else {
    if (negative && parity == 2u) { return nan(); }
    if (sizeA != 0x3f800000u && sizeB > 0x800000u) {
      let power = log2Of(sizeA);
      let digits = wideProduct(power.digits, (sizeB << 8u) | 0x80000000u);
      size = exp2Of(scaledOf(digits, power.scale + i32(sizeB >> 23u) - 158, power.negative != inverse));
    }
  }
  return select(size, -size, negative && parity == 1u);
}`,
};
