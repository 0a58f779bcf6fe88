import { defineConfig } from "vitest/config";
import { LongestFirst } from "./bin/longestFirst.ts";
import { shapeComments } from "./nn/shapeComments/transform.ts";

/** `*.long.test.ts`: what only large inputs, thousands of rounds or kill loops show. `npm run test:long` runs those alone. */
const LONG = "**/*.long.test.ts";
const long = process.env.LONG !== undefined;

export default defineConfig({
  plugins: [shapeComments()],
  test: {
    include: [`{core,tensor,nn,model,backends,golden,docs,bin}/${long ? LONG : "**/*.test.ts"}`],
    exclude: ["**/node_modules/**", ...(long ? [] : [LONG])],
    setupFiles: ["backends/register.ts"],
    sequence: { sequencer: LongestFirst },
    maxWorkers: "100%", // vitest would leave a core idle, which is half of two
    // the servers of tests are on this machine, whatever proxy the world is behind
    env: Object.fromEntries(
      ["http", "https", "all"].flatMap((kind) => [
        [`${kind}_proxy`, ""],
        [`${kind.toUpperCase()}_PROXY`, ""],
      ]),
    ),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
