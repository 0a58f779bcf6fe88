/** Loaders of weights, with what they say of weights that do not fit, when they are asked for. */

/** See loadWeights.ts. */
export const loadWeights: typeof import("./loadWeights.ts").loadWeights = async (...args) =>
  (await import("./loadWeights.ts")).loadWeights(...args);

/** See loadLanguageModel.ts. */
export const loadLanguageModel: typeof import("./loadLanguageModel.ts").loadLanguageModel = async (...args) =>
  (await import("./loadLanguageModel.ts")).loadLanguageModel(...args);
