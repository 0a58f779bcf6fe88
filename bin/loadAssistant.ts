import { createWasmBackend } from "../backends/wasm/wasm.ts";
import { Assistant } from "../model/generate/assistant.ts";
import { openBackend } from "../tensor/index.ts";
import type { AnswerOptions } from "./answerOptions.ts";
import { downloadProgress } from "./downloadProgress.ts";
import { placeOf } from "./package.ts";
import { progressLine } from "./progressLine.ts";

/** Load a checkpoint, by its folder or its name on the hub; how far it is goes to the terminal, if there is one. */
export async function loadAssistant(
  options: Pick<AnswerOptions, "model" | "backend" | "dtype" | "exact" | "quiet">,
): Promise<Assistant> {
  const progress = progressLine(options.quiet);
  const wasm = options.backend === "wasm"; // the only one that rounds
  const backend =
    wasm && options.exact ? createWasmBackend({ activations: "f32" }) : await openBackend(options.backend);
  if ("software" in backend && backend.software && !options.quiet)
    console.error("no GPU was found: webgpu runs in software here, and --backend cpu is faster");
  try {
    return await Assistant.fromPretrained(placeOf(options.model), {
      backend,
      dtype: options.dtype,
      onProgress: (done, total) => progress.show(() => `loading weights: ${done} of ${total} tensors`),
      onDownload: options.quiet ? undefined : downloadProgress(),
    });
  } finally {
    progress.end();
  }
}
