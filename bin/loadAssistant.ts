import { Assistant } from "../model/assistant.ts";
import type { Progress } from "../model/weights/loadWeights.ts";
import { openBackend } from "../tensor/index.ts";
import type { AnswerOptions } from "./answerOptions.ts";
import { downloadProgress } from "./downloadProgress.ts";

/** Load a checkpoint, by its folder or its name on the hub; how far it is goes to the terminal, if there is one. */
export async function loadAssistant(
  options: Pick<AnswerOptions, "model" | "backend" | "dtype" | "quiet">,
): Promise<Assistant> {
  const show = process.stderr.isTTY && !options.quiet;
  const backend = await openBackend(options.backend);
  if ("software" in backend && backend.software && !options.quiet)
    console.error("no GPU was found: webgpu runs in software here, and --backend cpu is faster");
  try {
    return await Assistant.fromPretrained(options.model, {
      backend,
      dtype: options.dtype,
      onProgress: show ? progressLine() : undefined,
      onDownload: options.quiet ? undefined : downloadProgress(),
    });
  } finally {
    if (show) process.stderr.write("\r\x1b[K");
  }
}

/** One line that is written over, ten times a second; what loads at once shows none. */
function progressLine(): Progress {
  let next = performance.now() + 300;
  return (done, total) => {
    if (performance.now() < next) return;
    next = performance.now() + 100;
    process.stderr.write(`\r\x1b[Kloading weights: ${done} of ${total} tensors`);
  };
}
