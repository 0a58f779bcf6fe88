import { InfimmError } from "../../core/errors.ts";
import type { Message } from "../processor/text/prompt.ts";
import type { Processor, ProcessorOutput } from "../processor/processor.ts";
import { IGNORED, labelsOf } from "./labels.ts";

/** Conversations as a model takes them, and the targets of their tokens. */
export interface TrainingBatch extends ProcessorOutput {
  /** [b][t], IGNORED where a token does not count */
  readonly labels: Int32Array[];
}

/**
 * Conversations that end in an answer, with labels that count what the assistant says, and the token that closes it:
 * not the questions, not the words of the template, not an opening of a next answer.
 *
 * @param count "all": everything but padding and `<image>`
 * @throws if a conversation has no answer, or if the chat template writes a turn otherwise once others follow, so that
 *   where an answer stands cannot be told
 */
export function trainingBatch(
  processor: Processor,
  conversations: readonly (readonly Message[])[],
  { count = "answers" }: { count?: "answers" | "all" } = {},
): TrainingBatch {
  const batch = processor.applyBatch(conversations, { addGenerationPrompt: false });
  const labels = labelsOf(batch.inputIds, { ...batch, imageTokenId: processor.imageTokenId });
  if (count === "answers") {
    for (const [b, conversation] of conversations.entries()) {
      const real = batch.attentionMask[b].reduce((sum, x) => sum + x, 0);
      const ids = Array.from(batch.inputIds[b].subarray(batch.inputIds[b].length - real));
      const counted = answersIn(processor, conversation, ids);
      labels[b].forEach((_, t, row) => {
        if (!counted[t - (row.length - real)]) row[t] = IGNORED;
      });
    }
  }
  return { ...batch, labels };
}

/** Which tokens of a conversation are answers. Each begins where the prompt for it ends, which must be what stands there. */
function answersIn(processor: Processor, conversation: readonly Message[], ids: readonly number[]): boolean[] {
  const counted = ids.map(() => false);
  const written = (count: number, addGenerationPrompt: boolean) =>
    Array.from(processor.apply(conversation.slice(0, count), { addGenerationPrompt }).inputIds[0]);
  for (const [i, { role }] of conversation.entries()) {
    if (role !== "assistant") continue;
    const before = i === 0 ? [] : written(i, true);
    const until = written(i + 1, false);
    const closing = until.findLastIndex((id) => processor.tokenizer.isSpecial(id));
    const end = closing >= before.length ? closing + 1 : until.length;
    if (i === 0 || before.some((id, t) => id !== ids[t]) || until.slice(0, end).some((id, t) => id !== ids[t])) {
      throw new InfimmError(
        `trainingBatch: this chat template does not tell which tokens answer ${i} takes; { count: "all" } counts all of them`,
      );
    }
    counted.fill(true, before.length, end);
  }
  if (!counted.includes(true)) {
    throw new InfimmError(
      'trainingBatch: the conversation has no answer, so nothing would count; add one, of role "assistant"',
    );
  }
  return counted;
}
