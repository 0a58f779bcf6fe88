/** The scalar limit: twelve independent multiply-adds a turn in local variables, no memory. `flops` a run. */
export const SCALAR_LIMIT = { flops: 2 * 12 * 1e6, run: () => multiplyAdds(0.999, 0.001, 1e6) };

function multiplyAdds(x: number, y: number, turns: number): number {
  let a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12; // biome-ignore format: one line
  for (let turn = 0; turn < turns; turn++) {
    a = a * x + y;
    b = b * x + y;
    c = c * x + y;
    d = d * x + y;
    e = e * x + y;
    f = f * x + y;
    g = g * x + y;
    h = h * x + y;
    i = i * x + y;
    j = j * x + y;
    k = k * x + y;
    l = l * x + y;
  }
  return a + b + c + d + e + f + g + h + i + j + k + l;
}

/** out = a · b as anyone would write it first: what a backend must beat. */
export function naiveProduct(
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let d = 0; d < k; d++) sum += a[i * k + d] * b[d * n + j];
      out[i * n + j] = sum;
    }
  }
}
