import { type Backend, scope, valueAndGrad } from "../../tensor/index.ts";
import { languageModelLoss } from "../infimm.ts";
import { idTensor, modelInputs } from "../inputs.ts";
import { readPictures, type UnreadInput } from "../processor/pictures/readPictures.ts";
import type { ProcessorInput } from "../processor/processor.ts";
import { labelsOf } from "../train/labels.ts";
import { Assistant } from "./assistant.ts";

const FOLDER = "model/infimm-tiny";
const NAMES = ["dog", "fruit", "garden", "pets", "sea", "space", "stars", "street"];
const pictures = NAMES.map((name) => ({ image: `${FOLDER}/pictures/${name}.png` }));
const user = (...content: (string | { image: string })[]) => ({ role: "user" as const, content });
const answer = (content: string) => ({ role: "assistant" as const, content });

const unequal = [[user(...pictures.slice(0, 7), "What is in the last picture?")], [user(pictures[0], "What is this?")]];

/** What is larger than a test needs, and ordinary to a user: conversations, and how they are answered. */
export const LARGE: Record<string, { conversations: UnreadInput[]; options: object }> = {
  "seven pictures in a conversation": {
    conversations: [
      [
        ...pictures.slice(0, 6).flatMap((picture) => [user(picture, "What is this?"), answer("It is a picture.")]),
        user(pictures[6], "How many stars are in the last picture?"),
      ],
    ],
    options: { maxNewTokens: 6 },
  },
  "eight pictures in a batch": {
    conversations: pictures.map((picture) => [user(picture, "What is in the picture?")]),
    options: { maxNewTokens: 6 },
  },
  "unequal numbers of pictures, padded": { conversations: unequal, options: { maxNewTokens: 6 } },
  "unequal numbers of pictures, four beams": {
    conversations: unequal,
    options: { maxNewTokens: 6, beams: 4, numReturnSequences: 2 },
  },
  "four beams on a long prompt with pictures": {
    conversations: [
      [
        user(pictures[0], "What do you know about animals? ".repeat(12)),
        answer("A dog and a cat are animals. ".repeat(12)),
        user(pictures[3], pictures[1], "What is in the last picture?"),
      ],
    ],
    options: { maxNewTokens: 5, beams: 4, numReturnSequences: 3 },
  },
}; // biome-ignore format: conversations

const assistants = new Map<Backend, Promise<Assistant>>();
const assistantOn = (backend: Backend): Promise<Assistant> => {
  if (!assistants.has(backend)) assistants.set(backend, Assistant.fromPretrained(FOLDER, { backend }));
  return assistants.get(backend)!;
};

/** The answers to one of `LARGE`. */
export async function answersOf(name: string, backend: Backend): Promise<string[][]> {
  const { conversations, options } = LARGE[name];
  return (await assistantOn(backend)).replies(conversations, options);
}

/** Loss and all gradients, one after the other in the parameters' order, of five samples with one to three pictures. */
export async function trainingBatchOfFive(backend: Backend): Promise<{ loss: number; gradients: Float32Array }> {
  const { model, processor } = await assistantOn(backend);
  const samples: ProcessorInput[] = [];
  for (let i = 0; i < 5; i++) {
    const conversation = [user(...pictures.slice(i, i + 1 + (i % 3)), "What is this?"), answer("It is a picture.")];
    samples.push(await readPictures(conversation));
  }
  const prompts = processor.applyBatch(samples, { addGenerationPrompt: false });
  const { inputIds, attentionMask } = prompts;
  const targets = labelsOf(inputIds, { imageTokenId: processor.imageTokenId, attentionMask });
  const lossOf = () => languageModelLoss(model.call(modelInputs(prompts, backend)), idTensor(targets, backend));
  const { value, grads } = scope(() => valueAndGrad(lossOf, model.parameters()));
  const parts: number[] = [];
  for (const gradient of grads.values()) for (const x of await gradient.data()) parts.push(x as number);
  const loss = await value.item();
  for (const tensor of [value, ...grads.values()]) tensor.dispose();
  return { loss, gradients: Float32Array.from(parts) };
}
