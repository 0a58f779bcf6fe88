import { InfimmError } from "../../core/errors.ts";

/** What stands for onDisk.ts in bundles for browsers. */
function refuse(name: string) {
  return async (): Promise<never> => {
    throw new InfimmError(`${name}: there are no files on disk in a browser`);
  };
}

export const openData = refuse("openData");
export const writeDocuments = refuse("writeDocuments");
export const loadForTraining = refuse("loadForTraining");
export const trainingOf = refuse("trainingOf");
export const fineTune = refuse("fineTune");
export const saveModel = refuse("saveModel");
export const folderRecords = refuse("folderRecords");
