import { InfimmError } from "../../core/errors.ts";

/** What stands for onDisk.ts in bundles for browsers. */
function refuse(name: string) {
  return async (): Promise<never> => {
    throw new InfimmError(`${name}: there are no files on disk in a browser; models load by their address or hub name`);
  };
}

export const openWeights = refuse("openWeights");
export const saveWeights = refuse("saveWeights");
export const writeSafetensors = refuse("writeSafetensors");
export const writeTorch = refuse("writeTorch");
export const convertCheckpoint = refuse("convertCheckpoint");
