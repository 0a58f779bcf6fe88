/** sin and cos, within 2 units in the last place for every f32: WGSL promises digits between -π and π only. */
export const WAVES: Readonly<Record<string, string>> = {
  // quarter turns in x >= 0.5, modulo 4, and what is left of it, between -π/4 and π/4. x · 2/π is a product of whole
  // numbers, of which only those bits of 2/π are made that say something about the turn (Payne and Hanek, "Radian
  // reduction for trigonometric functions", 1983)
  turnsOf: `struct Turns { quarters: u32, rest: f32 }
var<private> twoOverPi: array<u32, 8> = array<u32, 8>(
  0u, 0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u);
fn turnsOf(x: f32) -> Turns {
  let digits = (bitcast<u32>(x) << 8u) | 0x80000000u;
  let first = (bitcast<u32>(x) >> 23u) - 96u;
  var bits: array<u32, 3>;
  for (var i = 0u; i < 3u; i++) {
    let word = (first >> 5u) + i;
    bits[i] = wideFrom(vec2<u32>(twoOverPi[word], twoOverPi[word + 1u]), first & 31u);
  }
  let middle = wideProduct(digits, bits[1]);
  let low = middle.y + highProduct(digits, bits[2]);
  let high = digits * bits[0] + middle.x + select(0u, 1u, low < middle.y);
  // 2 bits of quarters, 62 of a fraction
  let quarters = (high + 0x20000000u) >> 30u;
  var fraction = vec2<u32>(high - (quarters << 30u), low);
  let negative = fraction.x >= 0x80000000u;
  if (negative) { fraction = vec2<u32>(~fraction.x + select(0u, 1u, low == 0u), ~low + 1u); }
  let zeros = wideZeros(fraction);
  if (zeros >= 64u) { return Turns(quarters, 0.0); }
  let shifted = select(fraction, vec2<u32>(fraction.y, 0u), zeros >= 32u);
  let size = f32(highProduct(wideFrom(shifted, zeros & 31u), 0xc90fdaa2u)) * pow2(-29 - i32(zeros));
  return Turns(quarters, select(size, -size, negative));
}`,
  // sin(x + quarters · π/2) for x >= 0, by series
  waveOf: `fn waveOf(x: f32, quarters: u32) -> f32 {
  var turns = Turns(0u, x);
  if (x >= 0.5) { turns = turnsOf(x); }
  let r = turns.rest;
  let s = r * r;
  let sine = r - r * s * (0.16666667 - s * (0.0083333333 - s * (0.00019841270 - s * 0.0000027557319)));
  let cosine = 1.0 - s * (0.5 - s * (0.041666667 - s * (0.0013888889 - s * (0.000024801587 - s * 2.7557319e-7))));
  let place = (turns.quarters + quarters) & 3u;
  let value = select(sine, cosine, (place & 1u) == 1u);
  return select(value, -value, place >= 2u);
}`,
  sinOf: `fn sinOf(x: f32) -> f32 {
  let size = bitcast<u32>(x) & 0x7fffffffu;
  if (size >= 0x7f800000u) { return nan(); }
  let wave = waveOf(bitcast<f32>(size), 0u);
  return select(wave, -wave, (bitcast<u32>(x) >> 31u) == 1u);
}`,
  cosOf: `fn cosOf(x: f32) -> f32 {
  let size = bitcast<u32>(x) & 0x7fffffffu;
  if (size >= 0x7f800000u) { return nan(); }
  return waveOf(bitcast<f32>(size), 1u);
}`,
};
