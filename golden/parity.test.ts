import { expect, test } from "vitest";
import { folders, parity } from "./paritySuite.ts";

test("all lines of the family have a set", () => {
  for (const name of ["tiny-zephyr", "tiny-llama", "tiny-vicuna", "tiny-hd"]) {
    expect(folders).toContain(`golden/fixtures/${name}`);
  }
});

await parity("cpu");
