import { expect, test } from "vitest";
import { traced } from "../../nn/trace.ts";
import { memory } from "../../tensor/index.ts";
import { Assistant } from "../generate/assistant.ts";
import { generate } from "../generate/generate.ts";
import { modelInputs } from "../inputs.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { answerLooks } from "./answerLooks.ts";
import { attentionMaps } from "./attentionMaps.ts";

const assistant = await Assistant.fromPretrained("model/infimm-tiny");
const { model, processor } = assistant;
const images = await Promise.all(["dog", "fruit"].map((name) => readPicture(`model/infimm-tiny/pictures/${name}.png`)));
const question = "What is in the second picture?";
const options = { maxNewTokens: 6 };

test("the answer runs once, and the looks are those of a run over all of it", async () => {
  const prompts = processor.apply([{ role: "user", content: [...images.map((image) => ({ image })), question] }]);
  const [answer] = await generate(model, prompts, options);
  const before = memory();
  const counted = async () => {
    using t = traced(model, { keep: [""], runs: "all" });
    const looks = await answerLooks(assistant, question, images, options);
    expect(t.runs.get("")).toHaveLength(answer.length);
    return looks;
  };
  const looks = await counted();
  expect(memory()).toEqual(before);

  const ids = [...prompts.inputIds[0], ...answer];
  const whole = await attentionMaps(
    model,
    modelInputs({ ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] }),
  );
  const [, , t, rows, columns] = whole.shape;
  const data = await whole.data();
  const words = answer.filter((id) => !processor.tokenizer.isSpecial(id));
  expect(looks.map(({ token }) => token)).toEqual(words.map((id) => processor.tokenizer.decode([id])));
  for (const [k, { picture, map }] of looks.entries()) {
    const at = ((picture - 1) * t + prompts.inputIds[0].length + k - 1) * rows * columns;
    for (const [i, share] of map.entries()) expect(share).toBeCloseTo(data[at + i], 6);
  }
});

test("a beam search is looked at afterwards, several draws by the first", async () => {
  const tokens = async (more: object) =>
    (await answerLooks(assistant, question, images, { ...options, ...more })).map(({ token, map }) => [
      token,
      map.length,
    ]);
  const before = memory();
  const found = await tokens({ beams: 2 });
  expect(found.length).toBeGreaterThan(2);
  expect(memory()).toEqual(before);
  const sampling = { topK: 1 };
  expect(await tokens({ sampling, numReturnSequences: 2 })).toEqual(await tokens({}));
  expect(memory()).toEqual(before);
});

test("of one picture a beam search tells as much", async () => {
  const before = memory();
  const looks = await answerLooks(assistant, "What is in the picture?", [images[0]], { ...options, beams: 2 });
  expect(looks.length).toBeGreaterThan(1);
  for (const { map, share } of looks) expect(map.reduce((sum, x) => sum + x, 0)).toBeCloseTo(share, 6);
  expect(memory()).toEqual(before);
});
