/** Functions on numbers, for kernels that name them: WGSL lets a compiler assume that there is no NaN and no infinity. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  isNan: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  truth: "fn truth(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) != 0u; }",
  // an infinity cannot be written, and constants are evaluated by the compiler, which refuses them
  inf: "var<private> infinityBits: u32 = 0x7f800000u;\nfn inf() -> f32 { return bitcast<f32>(infinityBits); }",
  nan: "var<private> nanBits: u32 = 0x7fc00000u;\nfn nan() -> f32 { return bitcast<f32>(nanBits); }",
  lt: "fn lt(a: f32, b: f32) -> bool { return a < b && !isNan(a) && !isNan(b); }",
  le: "fn le(a: f32, b: f32) -> bool { return a <= b && !isNan(a) && !isNan(b); }",
  eq: "fn eq(a: f32, b: f32) -> bool { return a == b && !isNan(a) && !isNan(b); }",
  least:
    "fn least(a: f32, b: f32) -> f32 { if (isNan(a)) { return a; } if (isNan(b)) { return b; } return min(a, b); }",
  most: "fn most(a: f32, b: f32) -> f32 { if (isNan(a)) { return a; } if (isNan(b)) { return b; } return max(a, b); }",
  signOf: "fn signOf(x: f32) -> f32 { if (isNan(x)) { return 0.0; } return sign(x); }",
  // i32() of what is beyond may be anything
  wholeOf:
    "fn wholeOf(x: f32) -> i32 { if (isNan(x)) { return 0; } if (x >= 2147483648.0) { return 2147483647; } return i32(max(x, -2147483648.0)); }",
  quotient: "fn quotient(a: f32, b: f32) -> f32 { if (b == 0.0 && a == 0.0) { return nan(); } return a / b; }",
  rootOf: "fn rootOf(x: f32) -> f32 { if (lt(x, 0.0)) { return nan(); } return sqrt(x); }",
  pow2: "fn pow2(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }",
  // beyond the clamp is 0 or infinity; x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts, of which the first times n is exact; e^r by its series
  expOf: `fn expOf(x: f32) -> f32 {
  let held = clamp(x, -104.0, 89.0);
  let n = round(held * 1.44269504);
  let r = (held - n * 0.693359375) - n * -2.12194440e-4;
  let series = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666667 + r * (0.0083333333 + r * 0.0013888889)))));
  let whole = i32(n);
  let half = whole / 2;
  return select(series * pow2(half) * pow2(whole - half), x, isNan(x));
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
  // x = n π/2 + r in three parts of π/2, then the series of sin and cos on |r| <= π/4
  waveOf: `fn waveOf(x: f32, quarter: i32) -> f32 {
  let n = round(x * 0.63661977);
  let r = ((x - n * 1.5703125) - n * 4.8375130e-4) - n * 7.5497894e-8;
  let s = r * r;
  let turn = (i32(n) + quarter) & 3;
  let sine = r - r * s * (0.16666667 - s * (0.0083333333 - s * (0.00019841270 - s * 0.0000027557319)));
  let cosine = 1.0 - s * (0.5 - s * (0.041666667 - s * (0.0013888889 - s * (0.000024801587 - s * 2.7557319e-7))));
  let value = select(sine, cosine, (turn & 1) == 1);
  return select(value, -value, turn >= 2);
}`,
  sinOf:
    "fn sinOf(x: f32) -> f32 { if (isNan(x) || abs(x) > 3.4e38) { return nan(); } if (abs(x) < 1e-4) { return x; } return waveOf(x, 0); }",
  cosOf: "fn cosOf(x: f32) -> f32 { if (isNan(x) || abs(x) > 3.4e38) { return nan(); } return waveOf(x, 1); }",
  powOf: `fn powOf(a: f32, b: f32) -> f32 {
  if (b == 0.0 || a == 1.0) { return 1.0; }
  if (isNan(a) || isNan(b)) { return nan(); }
  if (b == 2.0) { return a * a; }
  if (b == 3.0) { return a * a * a; }
  let whole = floor(b) == b;
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) != 0;
  if (a == 0.0) {
    if (b > 0.0) { return select(0.0, a, odd); }
    return inf();
  }
  if (a < 0.0 && !whole) { return nan(); }
  let size = expOf(b * logOf(abs(a)));
  return select(size, -size, a < 0.0 && odd);
}`,
  highBits: "fn highBits(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }",
  // a - q b without rounding q b: products of halves of the digits are exact
  remainderOf: `fn remainderOf(a: f32, b: f32) -> f32 {
  if (b == 0.0 || isNan(a) || isNan(b)) { return nan(); }
  let q = floor(a / b);
  let highB = highBits(b);
  let highQ = highBits(q);
  let rest = (((a - highB * highQ) - highB * (q - highQ)) - (b - highB) * highQ) - (b - highB) * (q - highQ);
  if (rest != 0.0 && (rest < 0.0) != (b < 0.0)) { return rest + b; }
  return select(rest, rest - b, abs(rest) >= abs(b));
}`,
  remainderOfInt: `fn remainderOfInt(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}`,
  powOfInt: `fn powOfInt(a: i32, b: i32) -> i32 {
  if (b < 0) { return select(select(0, a, (b & 1) != 0), select(1, a, (b & 1) != 0), a == 1 || a == -1) * select(0, 1, a == 1 || a == -1); }
  var result = 1;
  var base = a;
  var rest = b;
  while (rest > 0) {
    if ((rest & 1) != 0) { result = result * base; }
    base = base * base;
    rest = rest >> 1u;
  }
  return result;
}`,
  // to 16 bits, rounded to nearest even by hand: pack2x16float may round as it likes
  halfBits: `fn halfBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  if (size >= 0x477ff000u) { return sign | 0x7c00u; }
  if (size < 0x33000000u) { return sign; }
  if (size < 0x38800000u) {
    let shift = 126u - (size >> 23u);
    let digits = (size & 0x7fffffu) | 0x800000u;
    let down = digits >> shift;
    let rest = digits & ((1u << shift) - 1u);
    let middle = 1u << (shift - 1u);
    return sign | (down + select(0u, 1u, rest > middle || (rest == middle && (down & 1u) == 1u)));
  }
  return sign | ((size + 0xfffu + ((size >> 13u) & 1u) - 0x38000000u) >> 13u);
}`,
  brainBits: `fn brainBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return (bits >> 16u) | 0x40u; }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
};

/** The functions that `code` calls, and those that they call. */
export function functionsFor(code: string): string {
  const found = new Set<string>();
  const look = (text: string) => {
    for (const name of Object.keys(FUNCTIONS)) {
      if (found.has(name) || !new RegExp(`\\b${name}\\(`).test(text)) continue;
      found.add(name);
      look(FUNCTIONS[name]);
    }
  };
  look(code);
  return [...found].map((name) => FUNCTIONS[name]).join("\n");
}
