import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The test files that take longest, longest first. They begin a run: a core that gets one of them last works alone to
 * the end. On its own, vitest begins with the largest files, and many of these are a few lines. Only a hint: a file
 * that is missing here runs as well, with those of its size.
 */
export const LONGEST = [
  "docs/site/site.test.ts",
  "bin/infimm.test.ts",
  "golden/browser/browser.test.ts",
  "docs/page/page.test.ts",
  "backends/gpujs/gpujs.test.ts",
  "backends/webgpu/realGpuKernels.test.ts",
  "golden/parityWebgpu.test.ts",
  "backends/webgpu/webgpu.test.ts",
  "golden/parityGpujs.test.ts",
  "model/evaluate/endToEnd.test.ts",
  "golden/parity.test.ts",
  "golden/training.test.ts",
  "docs/build.test.ts",
  "model/train/tiny/tiny.test.ts",
  "backends/wasm/threads/threads.test.ts",
  "backends/wasm/wasm.test.ts",
  "docs/prototypes.test.ts",
  "golden/wide.test.ts",
  "docs/snippets.test.ts",
  "golden/browser/browser.long.test.ts",
  "model/generate/largeInputs.long.test.ts",
  "golden/realWidthWebgpu.long.test.ts",
  "golden/trainingRuns.long.test.ts",
  "bin/eval.long.test.ts",
  "backends/webgpu/realGpuKernels.long.test.ts",
  "model/train/run.long.test.ts",
  "backends/webgpu/realGpuKernelsSmallBlocks.long.test.ts",
  "golden/parityWebgpu.long.test.ts",
  "backends/large.long.test.ts",
  "backends/differential.long.test.ts",
  "golden/agreement.long.test.ts",
  "golden/paritySmallest.long.test.ts",
];

/** The order of test files in a run. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
