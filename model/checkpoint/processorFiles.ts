import type { ProcessorFiles } from "../processor/processor.ts";
import { readChatTemplates } from "../processor/text/templateFiles.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** What a processor is made of, from a checkpoint. @throws naming the file that is missing or wrong */
export async function readProcessorFiles(checkpoint: Checkpoint): Promise<ProcessorFiles> {
  const [tokenizer, tokenizerConfig, config, chatTemplates] = await Promise.all([
    checkpoint.json("tokenizer.json", "tokenizer"),
    checkpoint.json("tokenizer_config.json", "tokenizer config"),
    checkpoint.json("config.json", "model config"),
    readChatTemplates(checkpoint),
  ]);
  return { tokenizer: tokenizer.value, tokenizerConfig: tokenizerConfig.value, config: config.value, chatTemplates };
}
