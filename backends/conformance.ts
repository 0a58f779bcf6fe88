import { afterAll, beforeAll, describe, it } from "vitest";
import type { Backend } from "../tensor/backend.ts";
import type { Case, Context } from "./conformance/case.ts";
import { fusedCases } from "./conformance/fusedCases.ts";
import { indexingCases } from "./conformance/indexingCases.ts";
import { mapCases } from "./conformance/mapCases.ts";
import { matmulCases } from "./conformance/matmulCases.ts";
import { memoryCases } from "./conformance/memoryCases.ts";
import { quantizedCases } from "./conformance/quantizedCases.ts";
import { reduceCases } from "./conformance/reduceCases.ts";
import { Bench } from "./conformance/samples.ts";

/** How a backend differs from a careful f32 loop. Every entry is a statement about the backend, shown by the tests. */
export interface Allowances {
  /** Times the tolerances of the suite (which are those of f32 arithmetic in any order). 1 if not given. */
  readonly slack?: number;
  /** Other factors for single cases, by the beginning of their name: `{ "map sin": 2000 }`. */
  readonly slackFor?: Readonly<Record<string, number>>;
  /** Cases that the backend cannot pass, by the beginning of their name, with the reason. They are shown as skipped. */
  readonly except?: Readonly<Record<string, string>>;
}

/** A case, ready to run on a backend by itself. */
export interface ConformanceCase {
  readonly name: string;
  run(backend: Backend): Promise<void>;
}

/** Everything that a backend must do, as plain functions that throw where it does not. What they allocate, they free. */
export function conformanceCases({ slack = 1, slackFor = {} }: Allowances = {}): ConformanceCase[] {
  const cases: Case[] = [
    ...mapCases(),
    ...reduceCases(),
    ...matmulCases(),
    ...memoryCases(),
    ...indexingCases(),
    ...fusedCases(),
    ...quantizedCases(),
  ];
  return cases.map(({ name, run }) => ({
    name,
    async run(backend) {
      const bench = Object.assign(new Bench(backend), {
        slack: startingWith(slackFor, name) ?? slack,
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
 * Declare the suite as vitest tests.
 * @param create makes the backend, once; it may wait for a device
 */
export function conformance(name: string, create: () => Backend | Promise<Backend>, allowances: Allowances = {}): void {
  describe(`${name} conforms`, () => {
    let backend: Backend;
    let live = 0;
    beforeAll(async () => {
      backend = await create();
      const { alloc, free } = backend;
      backend.alloc = (byteLength) => {
        live++;
        return alloc.call(backend, byteLength);
      };
      backend.free = (buffer) => {
        live--;
        free.call(backend, buffer);
      };
    });
    for (const { name: caseName, run } of conformanceCases(allowances)) {
      const reason = startingWith(allowances.except ?? {}, caseName);
      it.skipIf(reason !== undefined)(reason === undefined ? caseName : `${caseName} (not here: ${reason})`, () =>
        run(backend),
      );
    }
    afterAll(async () => {
      await backend?.flush();
      if (live !== 0)
        throw new Error(`${live} buffers of the suite are still alive: a case does not free what it makes`);
    });
  });
}

function startingWith<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.entries(table).find(([key]) => name.startsWith(key))?.[1];
}
