/** exp, log, tanh and erf: WGSL lets exp be far off, and its tanh overflows. */
export const EXPONENTIAL: Readonly<Record<string, string>> = {
  pow2: "fn pow2(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }",
  // e^r by its series, for |r| <= ln 2 / 2
  expNear0: `fn expNear0(r: f32) -> f32 {
  let far = 0.041666667 + r * (0.0083333333 + r * (0.0013888889 + r * 0.00019841270));
  return 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * far)));
}`,
  // beyond the clamp is 0 or infinity; x = n ln 2 + r; ln 2 in two parts, of which the first times n is exact
  expOf: `fn expOf(x: f32) -> f32 {
  let held = clamp(x, -104.0, 89.0);
  let n = round(held * 1.44269504);
  let r = (held - n * 0.693359375) - n * -2.12194440e-4;
  let whole = i32(n);
  return select(expNear0(r) * pow2(whole / 2) * pow2(whole - whole / 2), x, isNan(x));
}`,
  logOf: `fn logOf(x: f32) -> f32 {
  if (isNan(x) || x < 0.0) { return nan(); }
  if (x == 0.0) { return -inf(); }
  if (bitcast<u32>(x) == 0x7f800000u) { return x; }
  return log(x);
}`,
  tanhOf: `fn tanhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let m = abs(x);
  if (m < 0.25) {
    let s = x * x;
    return x - x * s * (0.33333333 - s * (0.13333333 - s * (0.053968254 - s * (0.021869489 - s * 0.0088632355))));
  }
  return sign(x) * (1.0 - 2.0 / (expOf(2.0 * min(m, 15.0)) + 1.0));
}`,
  // the polynomials are Chebyshev fits of ours: erf(x) / x in x² up to 1.5, erfc(x) exp(x²) in 2 / (2 + x) up to 4
  erfOf: `fn erfOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let m = abs(x);
  if (m >= 4.0) { return sign(x); }
  if (m <= 1.5) { let s = x * x; return x * (1.12837917 + s * (-0.376126386 + s * (0.112837867 + s * (-0.0268658850 + s * (0.00522313986 + s * (-0.000853410407 + s * (0.000119065793 + s * (-0.0000139431061 + s * (0.00000123829552 + s * (-6.08381906e-8)))))))))); }
  let t = 2.0 / (2.0 + m);
  return sign(x) * (1.0 - (-0.000126088249 + t * (0.284462019 + t * (0.262763435 + t * (0.336214316 + t * (-0.0775927582 + t * (0.528458707 + t * (-0.445505923 + t * (0.111276776)))))))) * expOf(-m * m));
}`,
};
