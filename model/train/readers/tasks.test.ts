import { afterAll, describe, expect, test } from "vitest";
import type { Records } from "../documents.ts";
import { captionRecords, karpathyRecords, readKarpathy } from "./coco.ts";
import { docVqaRecords, readDocVqa } from "./docvqa.ts";
import { gqaRecords } from "./gqa.ts";
import { llavaRecords } from "./llava.ts";
import { all, Made, shown } from "./made.fixture.ts";
import { ocrVqaRecords } from "./ocrvqa.ts";
import { scienceQaRecords } from "./scienceqa.ts";
import { stVqaRecords } from "./stvqa.ts";
import { mostFrequent } from "./tasks.ts";
import { readTextVqa, textCapsRecords, textVqaRecords } from "./textvqa.ts";
import { readVizwiz, vizwizRecords } from "./vizwiz.ts";
import { readVqa, vqaRecords } from "./vqa.ts";

const made = new Made();
afterAll(() => made.remove());
const SHORT = "Answer the question using a single word or phrase.";
const images = "/img";

/** Every document as one reads it, and why the other records gave none. */
async function read(records: Promise<Records>) {
  const { documents, reasons } = await all(await records);
  expect(documents.every(({ source, layout }) => source !== "" && layout !== undefined)).toBe(true);
  expect(new Set(documents.map(({ id }) => id)).size).toBe(documents.length);
  return { documents: documents.map(shown), reasons };
}

describe("captions", () => {
  test("COCO by Karpathy: train and restval, a document a caption", async () => {
    const path = made.write("dataset_coco.json", {
      images: [
        {
          filepath: "val2014",
          filename: "a.jpg",
          cocoid: 1,
          split: "restval",
          sentences: [{ raw: "A dog." }, { raw: "It." }],
        },
        { filepath: "train2014", filename: "b.jpg", cocoid: 2, split: "train", sentences: [{ raw: "A cat. " }] },
        { filepath: "val2014", filename: "c.jpg", cocoid: 3, split: "test", sentences: [{ raw: "Never." }] },
        { filename: "d.jpg", cocoid: 4, split: "train", sentences: [] },
        { filename: "e.jpg", cocoid: 5, split: "train" },
        { filename: "f.jpg", cocoid: 6, split: "train", sentences: [{ raw: "" }] },
        { cocoid: 7, split: "train", sentences: [{ raw: "x" }] },
        "no object",
      ],
    });
    const { documents, reasons } = await read(karpathyRecords(path, { images }));
    expect(documents).toEqual([
      ["</img/val2014/a.jpg>", "Please describe the image.", "*A dog."],
      ["</img/val2014/a.jpg>", "Please describe the image.", "*It."],
      ["</img/train2014/b.jpg>", "Please describe the image.", "*A cat."],
    ]);
    expect(reasons).toEqual(["no caption", "no sentences", "raw not usable", "no filename", "not an object"]);
    expect((await readKarpathy(path))[2]).toMatchObject({ id: "3", split: "test", captions: ["Never."] });
  });

  test("captions_train2014.json, VizWiz's rejected and precanned ones", async () => {
    const path = made.write("captions.json", {
      images: [{ id: 1, file_name: "a.jpg" }, { id: 2 }],
      annotations: [
        { id: 10, image_id: 1, caption: "A dog." },
        { id: 11, image_id: 2, caption: "A cat." },
        { id: 12, image_id: 1, caption: "Bad quality", is_rejected: true, is_precanned: false },
        { id: 13, image_id: 1, caption: "Quality issues", is_precanned: true },
        { id: 14, image_id: 1 },
      ],
    });
    const { documents, reasons } = await read(captionRecords(path, { images }));
    expect(documents).toEqual([["</img/a.jpg>", "Please describe the image.", "*A dog."]]);
    expect(reasons).toEqual(["no such picture", "rejected caption", "precanned caption", "no caption"]);
  });

  test("TextCaps", async () => {
    const path = made.write("textcaps.json", {
      data: [{ image_id: "x1", caption_str: "A sign." }, { image_id: "x2" }],
    });
    const { documents, reasons } = await read(textCapsRecords(path, { images }));
    expect(documents).toEqual([["</img/x1.jpg>", "Please describe the image.", "*A sign."]]);
    expect(reasons).toEqual(["no caption_str"]);
  });
});

describe("questions", () => {
  const ten = (...answers: string[]) => answers.map((answer) => ({ answer }));

  test("VQAv2 and OK-VQA", async () => {
    const questions = made.write("v2_mscoco_val2014_questions.json", {
      data_subtype: "val2014",
      questions: [
        { question_id: 1, image_id: 42, question: "What?" },
        { question_id: 2, image_id: 42, question: "Who?" },
        { question_id: 3, image_id: "VizWiz_1.jpg", question: "Where?" },
        { question_id: 4, image_id: 42, question: "Why?" },
        { question_id: 5, image_id: 42 },
        { question_id: 6, question: "How?" },
        { question_id: 7, image_id: 42, question: "When?" },
      ],
    });
    const annotations = made.write("annotations.json", {
      annotations: [
        { question_id: 1, multiple_choice_answer: "Net", answers: ten("net", "net"), answer_type: "other" },
        { question_id: 2, answers: ten("b", "a", "a", "b") },
        { question_id: 3, answers: ten("x") },
        { question_id: 5, answers: ten("x") },
        { question_id: 6, answers: ten("x") },
        { question_id: 7, answers: [] },
      ],
    });
    const { documents, reasons } = await read(vqaRecords(questions, { annotations, images }));
    expect(documents).toEqual([
      ["</img/COCO_val2014_000000000042.jpg>", `What?\n${SHORT}`, "*Net"],
      ["</img/COCO_val2014_000000000042.jpg>", `Who?\n${SHORT}`, "*b"],
      ["</img/VizWiz_1.jpg>", `Where?\n${SHORT}`, "*x"],
    ]);
    expect(reasons).toEqual(["no annotation", "no question", "no image_id", "no answer"]);
    const [first, second] = await readVqa(questions, annotations);
    expect(first).toMatchObject({ questionId: "1", answers: ["net", "net"], answer: "Net", answerType: "other" });
    expect(second).toMatchObject({ answers: ["b", "a", "a", "b"] });
    expect((await readVqa(questions))[0]).toMatchObject({ answers: [] }); // a test split
    expect((await readVqa(questions, undefined, "train2017"))[0]).toMatchObject({ image: "000000000042.jpg" });
  });

  test("VizWiz: unanswerable stays an answer", async () => {
    const path = made.write("vizwiz.json", [
      {
        image: "a.jpg",
        question: "What is it?",
        answers: ten("unanswerable", "milk", "unanswerable"),
        answer_type: "x",
      },
      { image: "b.jpg", question: "What?" },
      { image: "c.jpg", answers: ten("milk") },
      { image: "d.jpg", question: "What?", answers: [{}] },
    ]);
    const { documents, reasons } = await read(vizwizRecords(path, { images }));
    const suffix = `When the provided information is insufficient, respond with 'Unanswerable'. ${SHORT}`;
    expect(documents).toEqual([["</img/a.jpg>", `What is it?\n${suffix}`, "*unanswerable"]]);
    expect(reasons).toEqual(["no answer", "no question", "no answer"]);
    expect((await readVizwiz(path))[1]).toMatchObject({ answers: [] });
    expect(reasons).toHaveLength(3);
  });

  test("TextVQA, ST-VQA, DocVQA", async () => {
    const text = made.write("textvqa.json", {
      data: [
        { question_id: 1, image_id: "x", question: "What?", answers: ["stop", "go", "go"] },
        { question_id: 2, image_id: "x", question: "What?", answers: "go" },
        { question_id: 3, image_id: "x", question: "What?" },
      ],
    });
    expect(await read(textVqaRecords(text, { images }))).toEqual({
      documents: [["</img/x.jpg>", `What?\n${SHORT}`, "*go"]],
      reasons: ["answers not usable", "no answer"],
    });
    expect((await readTextVqa(text))[2]).toMatchObject({ answers: [] });
    const scene = made.write("stvqa.json", {
      data: [
        { file_path: "coco/x.jpg", question: "What?", answers: ["one", "two"] },
        { file_path: "coco/x.jpg", question: "What?", answers: [] },
        { question: "What?", answers: ["one"] },
      ],
    });
    expect(await read(stVqaRecords(scene, { images }))).toEqual({
      documents: [["</img/coco/x.jpg>", `What?\n${SHORT}`, "*one"]],
      reasons: ["no answer", "no file_path"],
    });
    const doc = made.write("docvqa.json", {
      data: [
        { questionId: 1, image: "documents/x.png", question: "What?", answers: ["1 May", "May"] },
        { questionId: 2, image: "documents/x.png", question: "What?", answers: [] },
        { image: "documents/x.png", question: "What?", answers: ["x"] },
      ],
    });
    expect(await read(docVqaRecords(doc, { images }))).toEqual({
      documents: [["</img/documents/x.png>", `What?\n${SHORT}`, "*1 May"]],
      reasons: ["no answer", "no questionId"],
    });
    expect((await readDocVqa(doc))[0]).toMatchObject({ answers: ["1 May", "May"] });
  });

  test("OCR-VQA: a document a question, of split 1", async () => {
    const path = made.write("ocrvqa.json", {
      1: { imageURL: "http://x.org/1.gif", questions: ["Who?", "What?"], answers: ["A", "B"], split: 1 },
      2: { imageURL: "http://x.org/2.jpg", questions: ["Who?"], answers: ["A"], split: 3 },
      3: { imageURL: "http://x.org/3", questions: ["Who?", "What?"], answers: ["A"], split: 1 },
      4: { imageURL: "http://x.org/3.jpg", questions: ["Who?"], answers: ["A"] },
      5: { imageURL: "3.jpg", questions: ["Who?"], answers: [" "], split: 1 },
    });
    expect(await read(ocrVqaRecords(path, { images }))).toEqual({
      documents: [
        ["</img/1.gif>", `Who?\n${SHORT}`, "*A"],
        ["</img/1.gif>", `What?\n${SHORT}`, "*B"],
      ],
      reasons: ["questions without answers", "no split", "no answer"],
    });
  });

  test("GQA", async () => {
    const path = made.write("gqa.json", {
      "02": { imageId: "77", question: "Is it?", answer: "no" },
      "03": { imageId: "77", question: "Is it?" },
      "04": { question: "Is it?", answer: "no" },
    });
    expect(await read(gqaRecords(path, { images }))).toEqual({
      documents: [["</img/77.jpg>", `Is it?\n${SHORT}`, "*no"]],
      reasons: ["no answer", "no imageId"],
    });
  });

  test("ScienceQA: questions with a picture, the hint first, the letter learnt", async () => {
    const problem = { question: "Which?", choices: ["x", "y"], answer: 1, hint: "", image: "image.png" };
    const problems = made.write("problems.json", {
      1: problem,
      2: { ...problem, hint: "Look. " },
      3: { ...problem, image: null },
      4: { ...problem, answer: 2 },
      5: { ...problem, choices: "x" },
      6: problem,
    });
    const splits = made.write("pid_splits.json", { train: ["1", "2", "3", "4", "5", "9"], test: ["6"] });
    const letter = "Answer with the option's letter from the given choices directly.";
    expect(await read(scienceQaRecords(problems, { splits, images }))).toEqual({
      documents: [
        ["</img/train/1/image.png>", `Which?\nA. x\nB. y\n${letter}`, "*B"],
        ["</img/train/2/image.png>", `Look.\nWhich?\nA. x\nB. y\n${letter}`, "*B"],
      ],
      reasons: ["answer is no choice", "choices not usable", "no such problem"],
    });
    const { documents } = await read(scienceQaRecords(problems, { splits, images, split: "test" }));
    expect(documents).toHaveLength(1);
  });

  test("of answers that are equally frequent the first is taken", () => {
    expect(mostFrequent(["b", "a", "a", "b", "c"])).toBe("b");
    expect(mostFrequent([])).toBe("");
  });
});

test.each(["llava.json", "llava.jsonl"])("LLaVA's conversations, as %s", async (name) => {
  const human = (value: string) => ({ from: "human", value });
  const gpt = (value: string) => ({ from: "gpt", value });
  const list = [
    {
      id: "a",
      image: "coco/1.jpg",
      conversations: [human("<image>\nWhat?"), gpt("A dog."), human("Sure?"), gpt("Yes.")],
    },
    { id: "b", image: "coco/2.jpg", conversations: [human("What?\n<image>"), gpt("A cat.")] },
    { id: "c", conversations: [human("What is <image>?"), gpt("A tag.")], model: "" },
    { id: "d", conversations: [gpt("Hello."), human("Hi."), gpt("Yes?")] },
    { id: "e", image: "coco/3.jpg", conversations: [human("What?"), gpt("A cat.")] },
    { id: "f", conversations: [human("What?"), human("Now?"), gpt("A cat.")] },
    { id: "g", conversations: [human("What?")] },
    { id: "h", conversations: [{ from: "system", value: "x" }, human("a")] },
    { id: "i" },
    { id: "j", image: ["1.jpg", "2.jpg"], conversations: [human("<image>\n<image>\nSame?"), gpt("No.")] },
  ];
  const path = made.write(name, name.endsWith("l") ? list.map((one) => JSON.stringify(one)).join("\n") : list);
  const { documents, reasons } = await read(llavaRecords(path, { images }));
  expect(documents).toEqual([
    ["</img/coco/1.jpg>", "What?", "*A dog.", "Sure?", "*Yes."],
    ["</img/coco/2.jpg>", "What?", "*A cat."],
    ["What is <image>?", "*A tag."],
    ["Hi.", "*Yes?"],
    ["</img/1.jpg>", "</img/2.jpg>", "Same?", "*No."],
  ]);
  expect(reasons).toEqual([
    "pictures and <image> differ",
    "turns not in turn",
    "no answer",
    "unknown speaker",
    "no conversations",
  ]);
});

test("a line that is not JSON is left out, and the others are read", async () => {
  const good = JSON.stringify({
    id: "a",
    conversations: [
      { from: "human", value: "x" },
      { from: "gpt", value: "y" },
    ],
  });
  const path = made.write("broken.jsonl", `${good}\n\n{"id": \n   \n${good.replace('"a"', '"é"')}`);
  const { documents, reasons } = await read(llavaRecords(path, { images }));
  expect(documents).toHaveLength(2);
  expect(reasons).toEqual(["not JSON"]);
});
