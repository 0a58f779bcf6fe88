import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{core,tensor,nn,model,backends,golden,docs,bin}/**/*.test.ts"],
    setupFiles: ["backends/register.ts"],
    testTimeout: 120_000,
  },
});
