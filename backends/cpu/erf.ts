/**
 * The error function, to double precision (JavaScript has none). gelu needs that much: 1 + erf(x) of a negative x
 * cancels. The polynomials are Chebyshev fits of ours.
 */
export function erf(x: number): number {
  const magnitude = x < 0 ? -x : x;
  if (magnitude <= 1.5) return x * near(x * x);
  if (magnitude >= 6) return x > 0 ? 1 : -1; // 1 - erf(6) is 2e-17
  if (Number.isNaN(x)) return x;
  const tail = far(2 / (2 + magnitude)) * Math.exp(-x * x);
  return x > 0 ? 1 - tail : tail - 1;
}

/** erf(x) / x as a polynomial in s = x², |x| <= 1.5; error 1.0e-16. (Written out: a loop takes four times as long.) */
function near(s: number): number {
  let sum = -2.4043963385108002e-12;
  sum = sum * s + 6.921660972641115e-11;
  sum = sum * s - 1.1351598548465112e-9;
  sum = sum * s + 1.4567346086268903e-8;
  sum = sum * s - 1.6322915729404037e-7;
  sum = sum * s + 1.64566604913032e-6;
  sum = sum * s - 1.4925158768729858e-5;
  sum = sum * s + 0.00012055301956439414;
  sum = sum * s - 0.0008548325689916845;
  sum = sum * s + 0.005223977588215563;
  sum = sum * s - 0.026866170638893728;
  sum = sum * s + 0.11283791670900496;
  sum = sum * s - 0.37612638903181866;
  return sum * s + 1.1283791670955126;
}

/** erfc(x) · exp(x²) as a polynomial in t = 2 / (2 + x), 1.5 <= x <= 6; error 7.0e-18. */
function far(t: number): number {
  let sum = 0.042104190546173884;
  sum = sum * t - 0.33395457337518736;
  sum = sum * t + 1.1448058734185305;
  sum = sum * t - 2.2178665711745857;
  sum = sum * t + 2.6417905838584015;
  sum = sum * t - 1.9952546491786187;
  sum = sum * t + 1.0513486667116518;
  sum = sum * t - 0.5144774510467764;
  sum = sum * t + 0.13917606675849672;
  sum = sum * t + 0.04965693139598165;
  sum = sum * t + 0.18235358370862587;
  sum = sum * t + 0.24605594388433183;
  sum = sum * t + 0.28216328560074166;
  sum = sum * t + 0.28209108499577773;
  return sum * t + 9.291601348211367e-8;
}
