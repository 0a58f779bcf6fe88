/** Whole numbers, as PyTorch has them: they wrap, and a remainder has the sign of the divisor. */
export const INTEGERS: Readonly<Record<string, string>> = {
  remainderOfInt: `fn remainderOfInt(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}`,
  powOfInt: `fn powOfInt(a: i32, b: i32) -> i32 {
  if (b < 0) { return select(0, select(1, a, (b & 1) != 0), a == 1 || a == -1); }
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
};
