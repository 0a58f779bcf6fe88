import * as infimm from "../../../browser.ts";
import type { Prototype } from "../../prototypes/prepared.ts";

/** A script that is a function of `require` and `exports`, under an address of its own. */
type Load = (script: string) => Promise<{ default: (require: (name: string) => unknown, exports: object) => void }>;

const load: Load = async (script) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ address);
  } finally {
    URL.revokeObjectURL(address);
  }
};

/**
 * What a module of the reader's exports.
 * @param code JavaScript, as transpile.ts makes it
 * @param from how a script is loaded; default: as a blob
 * @throws what the module throws, and if it does not export what a bench needs
 */
export async function moduleOf(code: string, from: Load = load): Promise<Prototype> {
  const { default: run } = await from(`export default (require, exports) => {"use strict";${code}\n};`);
  const exports: Partial<Prototype> = {};
  run((name) => {
    if (name === "infimm") return infimm;
    throw new Error(`import: there is only "infimm" here, not ${JSON.stringify(name)}`);
  }, exports);
  if (typeof exports.make !== "function")
    throw new Error("The module has to export make(config), a function that returns an InfiMM model.");
  return exports as Prototype;
}
