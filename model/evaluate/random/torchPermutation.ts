import { Mt19937 } from "./mt19937.ts";

/** `torch.randperm(n, generator)` on the CPU, the generator's seed set: the order of a shuffling DistributedSampler. */
export function torchPermutation(n: number, seed: number): number[] {
  const bits = Mt19937.bySeed(seed);
  const row = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (bits.next() % (n - i));
    [row[i], row[j]] = [row[j], row[i]];
  }
  return row;
}
