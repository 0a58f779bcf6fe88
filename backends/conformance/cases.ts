import type { Backend } from "../../tensor/backend.ts";
import { backwardCases } from "./backwardCases.ts";
import type { Case, Context, Rounding } from "./case.ts";
import { chainCases } from "./chainCases.ts";
import { edgeCases } from "./edgeCases.ts";
import { fusedCases } from "./fusedCases.ts";
import { indexingCases } from "./indexingCases.ts";
import { linearsCases } from "./linearsCases.ts";
import { mapCases } from "./mapCases.ts";
import { matmulCases } from "./matmulCases.ts";
import { memoryCases } from "./memoryCases.ts";
import { numberCases } from "./numberCases.ts";
import { quantizedCases } from "./quantizedCases.ts";
import { reduceCases } from "./reduceCases.ts";
import { Bench } from "./samples.ts";
import { updateCases } from "./updateCases.ts";

/** How a backend differs from a careful f32 loop. Every entry is a statement about the backend, shown by the tests. */
export interface Allowances {
  /** Times the tolerances of the suite (which are those of f32 arithmetic in any order). 1 if not given. */
  readonly slack?: number;
  /** Other factors for single cases, by the beginning of their name: `{ "map sin": 2000 }`. */
  readonly slackFor?: Readonly<Record<string, number>>;
  /** How far products with quantised weights round x. Not at all, if not given. */
  readonly rounding?: Rounding;
  /** Cases that the backend cannot pass, by the beginning of their name, with the reason. They are shown as skipped. */
  readonly except?: Readonly<Record<string, string>>;
}

/** A case, ready to run on a backend by itself. */
export interface ConformanceCase {
  readonly name: string;
  /** Whether it needs a tensor of 2^24 elements or more. */
  readonly large: boolean;
  run(backend: Backend): Promise<void>;
}

/** Everything that a backend must do, as plain functions that throw where it does not. What they allocate, they free. */
export function conformanceCases({
  slack = 1,
  slackFor = {},
  rounding = { q8: 0, q4: 0 },
}: Allowances = {}): ConformanceCase[] {
  const cases: Case[] = [
    ...mapCases(),
    ...edgeCases(),
    ...chainCases(),
    ...numberCases(),
    ...reduceCases(),
    ...matmulCases(),
    ...memoryCases(),
    ...indexingCases(),
    ...fusedCases(),
    ...linearsCases(),
    ...quantizedCases(),
    ...updateCases(),
    ...backwardCases(),
  ];
  return cases.map(({ name, large = false, run }) => ({
    name,
    large,
    async run(backend) {
      const bench = Object.assign(new Bench(backend), {
        slack: startingWith(slackFor, name) ?? slack,
        rounding,
      }) satisfies Context;
      try {
        await run(bench);
      } finally {
        bench.free();
      }
    },
  }));
}

/**
 * A part of the suite: "usual" is all but the large cases, "large" these alone; "few" some of every kernel, for what
 * runs the same kernels elsewhere, and "rest" all others.
 */
export type SuitePart = "all" | "usual" | "large" | "few" | "rest";

const FEW = /^(map (add|exp|select)|chain|reduce (sum|argmax)|scan: |matmul: (odd|larger)|copy: every|gather: axes|scatterAdd: axes|fused (softmax|layerNorm)|linears: products of f32|q8 linear)/; // biome-ignore format: a list

const PARTS: Readonly<Record<SuitePart, (one: ConformanceCase) => boolean>> = {
  all: () => true,
  usual: ({ large }) => !large,
  large: ({ large }) => large,
  few: ({ name }) => FEW.test(name),
  rest: ({ name }) => !FEW.test(name),
};

export function partOfSuite(part: SuitePart, allowances: Allowances = {}): ConformanceCase[] {
  return conformanceCases(allowances).filter(PARTS[part]);
}

/** The entry whose key `name` begins with. */
export function startingWith<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.entries(table).find(([key]) => name.startsWith(key))?.[1];
}
