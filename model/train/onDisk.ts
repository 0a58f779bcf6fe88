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

/** See training.ts. */
export const loadForTraining: typeof import("./training.ts").loadForTraining = async (...args) =>
  (await import("./training.ts")).loadForTraining(...args);

/** See training.ts. */
export const trainingOf: typeof import("./training.ts").trainingOf = async (...args) =>
  (await import("./training.ts")).trainingOf(...args);

/** See training.ts. */
export const fineTune: typeof import("./training.ts").fineTune = async (...args) =>
  (await import("./training.ts")).fineTune(...args);

/** See training.ts. */
export const saveModel: typeof import("./training.ts").saveModel = async (...args) =>
  (await import("./training.ts")).saveModel(...args);

/** See readers/folder.ts. */
export const folderRecords: typeof import("./readers/folder.ts").folderRecords = async (...args) =>
  (await import("./readers/folder.ts")).folderRecords(...args);
