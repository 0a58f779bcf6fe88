/** How often a fuzz property runs: `usual` times in the test suite, as often as FUZZ says in a long run (`FUZZ=10000`). */
export const fuzzRuns = (usual: number): number => Number(process.env.FUZZ ?? usual);
