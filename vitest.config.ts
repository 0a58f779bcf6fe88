import { defineConfig } from "vitest/config";
import { shapeComments } from "./nn/shapeComments/transform.ts";

export default defineConfig({
  plugins: [shapeComments()],
  test: {
    include: ["{core,tensor,nn,model,backends,golden,docs,bin}/**/*.test.ts"],
    setupFiles: ["backends/register.ts"],
    maxWorkers: "100%", // vitest would leave a core idle, which is half of two
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
