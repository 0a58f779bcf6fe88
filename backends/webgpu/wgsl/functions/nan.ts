/** NaN and infinities, which WGSL lets a compiler assume away: found by their bits, or kept out of its sight. */
export const NAN: Readonly<Record<string, string>> = {
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
};
