/** A function that kernels may call, as gpu.js takes it. */
export interface Helper {
  readonly name: string;
  readonly source: string;
  readonly settings: { readonly argumentTypes: Record<string, "Float">; readonly returnType: "Float" };
}

function helper(name: string, source: string, ...params: string[]): Helper {
  const argumentTypes = Object.fromEntries(params.map((p) => [p, "Float" as const]));
  return { name, source, settings: { argumentTypes, returnType: "Float" } };
}

/** Functions that shaders lack, or have in a form that overflows. */
const HELPERS: readonly Helper[] = [
  // WGSL's compilers may take x != x for false. But NaN is whatever a clamp compares it with last: its two orders differ
  helper(
    "nan",
    `function nan(x) {
      const low = Math.min(Math.max(x, -1.0e30), 1.0e30);
      const high = Math.max(Math.min(x, 1.0e30), -1.0e30);
      return low != high ? 1.0 : 0.0;
    }`,
    "x",
  ),
  helper("truth", "function truth(x) { return (x != 0.0 || nan(x) != 0.0) ? 1.0 : 0.0; }", "x"),
  helper(
    "nearestEven",
    `function nearestEven(x) {
      const down = Math.floor(x);
      const rest = x - down;
      if (rest < 0.5) { return down; }
      if (rest > 0.5) { return down + 1.0; }
      return (Math.floor(down * 0.5) * 2.0 == down) ? down : down + 1.0;
    }`,
    "x",
  ),
  // WebGL's log of 0 is some number
  helper(
    "logOf",
    `function logOf(x) {
      if (x > 0.0) { return Math.log(x); }
      return x == 0.0 ? -1.0 / (x * x) : (x - x) / (x - x);
    }`,
    "x",
  ),
  // near 0 the Taylor series, as the difference of exponentials loses its digits there; far out exp would overflow
  helper(
    "tanhOf",
    `function tanhOf(x) {
      if (Math.abs(x) < 0.35) {
        const q = x * x;
        return x + x * q * (-0.333333333 + q * (0.133333333 + q * (-0.0539682540 + q * (0.0218694885 + q * (-0.00886323553 + q * 0.00359212803)))));
      }
      if (x > 15.0) { return 1.0; }
      if (x < -15.0) { return -1.0; }
      return 1.0 - 2.0 / (Math.exp(2.0 * x) + 1.0);
    }`,
    "x",
  ),
  // near 0 the Taylor series; beyond, Abramowitz and Stegun 7.1.26, which is within 1.5e-7
  helper(
    "erf",
    `function erf(x) {
      const a = Math.abs(x);
      if (a < 1.0) {
        const q = x * x;
        return 1.128379167 * (x + x * q * (-0.333333333 + q * (0.1 + q * (-0.0238095238 + q * (0.00462962963 + q * (-0.000757575758 + q * (0.000106837607 + q * (-0.0000132275132 + q * (0.00000145891690 - q * 0.000000145038522)))))))));
      }
      if (a > 6.0) { return x > 0.0 ? 1.0 : -1.0; }
      const t = 1.0 / (1.0 + 0.3275911 * a);
      const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-a * a);
      return x > 0.0 ? 1.0 - tail : tail - 1.0;
    }`,
    "x",
  ),
];

/** Those that `source` calls, and those that they call. */
export function helpersOf(source: string): Helper[] {
  const called = HELPERS.filter(({ name }) => source.includes(`${name}(`));
  return called.some(({ name }) => name === "truth") ? [...new Set([HELPERS[0], ...called])] : called;
}
