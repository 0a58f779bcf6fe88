import { defineConfig } from "vitest/config";
import { shapeComments } from "./nn/shapeComments/transform.ts";

export default defineConfig({
  plugins: [shapeComments()],
  test: {
    include: ["{core,tensor,nn,model,backends,golden,docs,bin}/**/*.test.ts"],
    setupFiles: ["backends/register.ts"],
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
