/**
 * Data on disk (Node), loaded when it is asked for: the package's entry then needs no Node module, and for browsers
 * package.json puts notOnDisk.ts in this one's place. Inside of this project, import the files themselves.
 */

/** See readers/openData.ts. */
export const openData: typeof import("./readers/openData.ts").openData = async (...args) =>
  (await import("./readers/openData.ts")).openData(...args);

/** See readers/writeDocuments.ts. */
export const writeDocuments: typeof import("./readers/writeDocuments.ts").writeDocuments = async (...args) =>
  (await import("./readers/writeDocuments.ts")).writeDocuments(...args);
