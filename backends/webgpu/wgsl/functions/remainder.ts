/** torch.remainder: what is left of a after whole multiples of b, with b's sign; exact before the sign is changed. */
export const REMAINDER: Readonly<Record<string, string>> = {
  // digits · 2^(exponent - 150) of the bits of a number's size
  digitsOf: `struct Digits { digits: u32, exponent: u32 }
fn digitsOf(size: u32) -> Digits {
  let exponent = size >> 23u;
  if (exponent == 0u) { return Digits(size, 1u); }
  return Digits((size & 0x7fffffu) | 0x800000u, exponent);
}`,
  // long division of the digits, 8 bits at a time; sizes are bits of positive numbers, b's of a finite one
  restOf: `fn restOf(a: u32, b: u32) -> u32 {
  let dividend = digitsOf(a);
  let divisor = digitsOf(b);
  if (a < b) { return a; }
  var rest = dividend.digits % divisor.digits;
  var left = dividend.exponent - divisor.exponent;
  while (left > 0u && rest > 0u) {
    let step = min(left, 8u);
    rest = (rest << step) % divisor.digits;
    left -= step;
  }
  if (rest == 0u) { return 0u; }
  let up = min(countLeadingZeros(rest) - 8u, divisor.exponent - 1u);
  let digits = rest << up;
  return select(digits, ((divisor.exponent - up) << 23u) | (digits & 0x7fffffu), digits >= 0x800000u);
}`,
  remainderOf: `fn remainderOf(a: f32, b: f32) -> f32 {
  let sizeA = bitcast<u32>(a) & 0x7fffffffu;
  let sizeB = bitcast<u32>(b) & 0x7fffffffu;
  if (sizeA >= 0x7f800000u || sizeB > 0x7f800000u || sizeB == 0u) { return nan(); }
  let signA = bitcast<u32>(a) & 0x80000000u;
  let size = restOf(sizeA, sizeB);
  let rest = bitcast<f32>(size | signA);
  if (size == 0u || signA == (bitcast<u32>(b) & 0x80000000u)) { return rest; }
  return rest + b;
}`,
};
