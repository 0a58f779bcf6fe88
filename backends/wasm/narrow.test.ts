import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { matmul, randn, scope } from "../../tensor/index.ts";
import { TUNED } from "./tuning.ts";
import { createWasmBackend } from "./wasm.ts";

const backend = createWasmBackend({ threads: 1 });

/** The largest error of a product, in units of its largest number's last place; sums of doubles, rounded once, have half a one. */
function worstError(m: number, k: number, n: number): number {
  const made = (rows: number, columns: number) =>
    scope(() => randn([rows, columns], new Generator(`${rows}`), backend));
  const [a, b] = [made(m, k), made(k, n)];
  const [x, y, product] = [a, b, matmul(a, b)].map((t) => t.dataSync());
  let [worst, largest] = [0, 0];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let d = 0; d < k; d++) sum += x[i * k + d] * y[d * n + j];
      worst = Math.max(worst, Math.abs(product[i * n + j] - sum));
      largest = Math.max(largest, Math.abs(sum));
    }
  }
  return worst / (2 ** Math.floor(Math.log2(largest)) * 2 ** -23);
}

test("narrow products are summed in doubles up to a size, wider ones of as many terms are not", () => {
  expect(384 * 512 * 8).toBeGreaterThan(TUNED.smallProduct);
  expect(worstError(384, 512, TUNED.narrow)).toBeLessThanOrEqual(0.5);
  expect(worstError(384, 512, TUNED.narrow + 1)).toBeGreaterThan(0.5);
  const rows = TUNED.narrowProduct / 512 / TUNED.narrow;
  expect(worstError(rows, 512, TUNED.narrow)).toBeLessThanOrEqual(0.5);
  expect(worstError(rows + 1, 512, TUNED.narrow)).toBeGreaterThan(0.5);
});
