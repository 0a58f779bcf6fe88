import { afterAll, beforeAll, describe, it } from "vitest";
import type { Backend } from "../tensor/backend.ts";
import { type Allowances, partOfSuite, startingWith, type SuitePart } from "./conformance/cases.ts";

export type { Rounding } from "./conformance/case.ts";
export { type Allowances, type ConformanceCase, conformanceCases } from "./conformance/cases.ts";

/**
 * Declare the suite as vitest tests: all but its large cases, or another part.
 * @param create makes the backend, once; it may wait for a device
 */
export function conformance(
  name: string,
  create: () => Backend | Promise<Backend>,
  { part = "usual", ...allowances }: Allowances & { readonly part?: SuitePart } = {},
): void {
  describe(`${name} conforms`, () => {
    let backend: Backend;
    let live = 0;
    beforeAll(async () => {
      backend = await create();
      const { alloc, free } = backend;
      backend.alloc = (byteLength) => {
        const buffer = alloc.call(backend, byteLength);
        live++;
        return buffer;
      };
      backend.free = (buffer) => {
        live--;
        free.call(backend, buffer);
      };
    });
    for (const { name: caseName, run } of partOfSuite(part, allowances)) {
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
