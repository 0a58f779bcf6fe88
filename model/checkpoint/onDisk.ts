/**
 * Weight files on disk (Node), loaded when they are asked for: the package's entry then needs no Node module, and
 * browsers and bundlers take it as it is; for browsers, package.json puts notOnDisk.ts in this one's place. Inside of
 * this project, import the files themselves.
 */

/** See openWeights.ts. */
export const openWeights: typeof import("./openWeights.ts").openWeights = async (...args) =>
  (await import("./openWeights.ts")).openWeights(...args);

/** See saveWeights.ts. */
export const saveWeights: typeof import("./load/saveWeights.ts").saveWeights = async (...args) =>
  (await import("./load/saveWeights.ts")).saveWeights(...args);

/** See writeSafetensors.ts. */
export const writeSafetensors: typeof import("./safetensors/writeSafetensors.ts").writeSafetensors = async (...args) =>
  (await import("./safetensors/writeSafetensors.ts")).writeSafetensors(...args);

/** See torch/writeTorch.ts. */
export const writeTorch: typeof import("./torch/writeTorch.ts").writeTorch = async (...args) =>
  (await import("./torch/writeTorch.ts")).writeTorch(...args);

/** See convert.ts. */
export const convertCheckpoint: typeof import("./convert/convert.ts").convertCheckpoint = async (...args) =>
  (await import("./convert/convert.ts")).convertCheckpoint(...args);
