import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { preprocess } from "../processor/pictures/preprocess.ts";
import type { Processor } from "../processor/processor.ts";
import { type Message, partsOf } from "../processor/text/prompt.ts";
import { writeChat } from "./chatLayout.ts";
import { collate, type TrainingBatch } from "./collate.ts";
import { isLeftOut, type LeftOut, type Picture } from "./documents.ts";
import { labelsOf } from "./labels.ts";
import { sampleOfWritten } from "./sample.ts";
import type { Written } from "./written.ts";

/**
 * Conversations that end in an answer, with labels that count what the assistant says, and the token that closes it:
 * not the questions, not the words of the template, not an opening of a next answer. A batch for those who write their
 * own loop; `Feed` and `collate` make batches of files.
 *
 * @param count "all": everything but padding and `<image>`
 * @throws if a conversation has no answer, or if the chat template does not tell where answers stand
 */
export function trainingBatch(
  processor: Processor,
  conversations: readonly (readonly Message[])[],
  options: { count?: "answers" | "all"; maxLength?: number } = {},
): TrainingBatch {
  const { count = "answers", maxLength = 2048 } = checked("trainingBatch", options, ["count", "maxLength"]);
  const samples = conversations.map((messages, i) => {
    const written = count === "all" ? allOf(processor, messages) : answersOf(processor, messages, `conversation ${i}`);
    return preparedOf(processor, written, { id: `conversation ${i}`, maxLength });
  });
  const batch = collate(samples, processor);
  if (count === "answers") return batch;
  const labels = labelsOf(batch.inputIds, { ...batch, imageTokenId: processor.imageTokenId });
  return { ...batch, labels };
}

function withPictures(messages: readonly Message[]): Message<Picture>[] {
  return messages.map((message) => ({
    ...message,
    content: partsOf(message).map((part) => (typeof part === "string" ? part : { image: { pixels: part.image } })),
  }));
}

function answersOf(processor: Processor, messages: readonly Message[], id: string): Written {
  const learns = messages.map(({ role }) => role === "assistant");
  if (!learns.includes(true)) {
    throw new InfimmError(`trainingBatch: ${id} has no answer, so nothing would count; add one, of role "assistant"`);
  }
  return made(writeChat(processor, withPictures(messages), learns));
}

function allOf(processor: Processor, messages: readonly Message[]): Written {
  const { text, images } = processor.render(withPictures(messages), { addGenerationPrompt: false });
  return { text, counted: [{ start: 0, end: text.length }], pictures: images };
}

function preparedOf(processor: Processor, written: Written, { id, maxLength }: { id: string; maxLength: number }) {
  const document = { id, source: "trainingBatch", layout: "chat" } as const;
  const options = { maxLength, maxPictures: Number.POSITIVE_INFINITY };
  const { pictures, ...sample } = made(sampleOfWritten(document, written, processor, options));
  const images = pictures.flatMap((picture) => ("pixels" in picture ? [picture.pixels] : []));
  return { ...sample, pixels: images.map((image) => preprocess(image, processor.preprocessing).values) };
}

function made<T extends object>(value: T | LeftOut): T {
  if (!isLeftOut(value)) return value as T;
  throw new InfimmError(`trainingBatch: ${value.leftOut}: ${value.detail}`);
}
