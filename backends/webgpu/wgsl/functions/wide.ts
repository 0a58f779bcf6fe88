/**
 * Whole numbers wider than 32 bits. Where a float has too few digits, functions compute with these: nothing in them is
 * for a compiler to round, reorder or fuse.
 */
export const WIDE: Readonly<Record<string, string>> = {
  // a · b, the upper 32 bits and the lower
  wideProduct: `fn wideProduct(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let left = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let right = (a & 0xffffu) * (b >> 16u) + (left & 0xffffu);
  return vec2<u32>((a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u), (right << 16u) | (low & 0xffffu));
}`,
  highProduct: "fn highProduct(a: u32, b: u32) -> u32 { return wideProduct(a, b).x; }",
  // the upper 32 of 64 bits, from `places` (0 to 32) on
  wideFrom: `fn wideFrom(wide: vec2<u32>, places: u32) -> u32 {
  if (places == 0u) { return wide.x; }
  if (places == 32u) { return wide.y; }
  return (wide.x << places) | (wide.y >> (32u - places));
}`,
  // how many zeros 64 bits begin with
  wideZeros: `fn wideZeros(wide: vec2<u32>) -> u32 {
  return select(countLeadingZeros(wide.x), 32u + countLeadingZeros(wide.y), wide.x == 0u);
}`,
};
