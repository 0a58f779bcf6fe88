import { InfimmError } from "../../../core/errors.ts";

/** What reads texts and is large: Jinja, and the tokenizer library. */
export interface TextEngine {
  readonly Template: typeof import("./jinja/render.ts").Template;
  readonly Tokenizer: typeof import("@huggingface/tokenizers").Tokenizer;
}

let loaded: TextEngine | undefined;

/** Loads it, once. Loading comes before the first tokenizer or chat template, so that a page may do without. */
export async function loadTextEngine(): Promise<void> {
  if (loaded) return;
  const [{ Template }, { Tokenizer }] = await Promise.all([
    import("./jinja/render.ts"),
    import("@huggingface/tokenizers"),
  ]);
  loaded = { Template, Tokenizer };
}

/** @throws InfimmError if it was not loaded */
export function textEngine(): TextEngine {
  if (!loaded) {
    throw new InfimmError("processor: its tokenizer is not loaded; make it by Processor.from or fromPretrained");
  }
  return loaded;
}
