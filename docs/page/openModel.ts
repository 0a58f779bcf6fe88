import { Assistant, backendNames, openBackend } from "../../browser.ts";

/** The fastest first. What a browser cannot have is passed over. */
const PREFERRED = ["webgpu", "wasm", "cpu"];
const LABELS: Readonly<Record<string, string>> = {
  webgpu: "the GPU (WebGPU)",
  wasm: "the CPU (WebAssembly)",
  cpu: "the CPU (JavaScript)",
};

export const choices = PREFERRED.filter((name) => backendNames().includes(name));
export const labelOf = (name: string) => LABELS[name] ?? name;

export interface OpenedModel {
  readonly assistant: Assistant;
  readonly backend: string;
  /** Why it does not run where it was meant to, in words for the reader; empty if it does. */
  readonly note: string;
}

/**
 * The model on `wish`, or on the next best.
 * @param onProgress gets the share of the weights that are there, 0 to 1
 */
export async function openModel(
  folder: string,
  wish: string,
  onProgress: (share: number) => void,
): Promise<OpenedModel> {
  const notes: string[] = [];
  for (const name of choices.slice(Math.max(0, choices.indexOf(wish)))) {
    try {
      const backend = await openBackend(name);
      const progress = (done: number, total: number) => onProgress(done / total);
      const assistant = await Assistant.fromPretrained(folder, { backend, onProgress: progress });
      const note = notes.length > 0 ? `${notes.join(" ")} It runs on ${labelOf(name)} instead, which is slower.` : "";
      return { assistant, backend: name, note };
    } catch (error) {
      if (name === choices[choices.length - 1]) throw error;
      notes.push(`It cannot run on ${labelOf(name)} here: ${error instanceof Error ? error.message : error}.`);
    }
  }
  throw new Error(`no backend is registered; expected one of ${PREFERRED.join(", ")}`);
}
