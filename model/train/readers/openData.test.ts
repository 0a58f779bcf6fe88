import { afterAll, expect, test } from "vitest";
import { all, Made, shown } from "./made.fixture.ts";
import { DATA_KINDS, openData } from "./openData.ts";

const made = new Made();
afterAll(() => made.remove());

test("sources by name: kind, path, keys; weights and filters", async () => {
  made.write("own/a.jpg", "1");
  made.write("own/a.txt", "a dog");
  const tar = await made.tar("0.tar", [["a.jpg", "1"], ["a.txt", "a cat"], ["b.jpg", "1"], ["b.txt", "cat"]]); // biome-ignore format: a list
  const gqa = made.write("gqa.json", { 1: { imageId: "7", question: "Is it?", answer: "no" } });
  const { sources, weights } = await openData([
    `${made.folder}/own`,
    `${tar}?minWords=2&weight=2`,
    `gqa:${gqa}?images=${made.folder}&name=g&weight=0.5`,
  ]);
  expect(sources.map(({ source, length }) => [source, length])).toEqual([["folder", 1], ["pairs", 2], ["g", 1]]); // biome-ignore format: a list
  expect(weights).toEqual({ pairs: 2, g: 0.5 });
  const { documents, reasons } = await all(sources[1]);
  expect(documents.map(shown)).toEqual([["<1>", "*a cat"]]);
  expect(reasons).toEqual(["fewer than 2 words"]);
  expect((await openData([tar])).weights).toBeUndefined();
});

test("every kind can be opened by its name", async () => {
  const conversations = [{ from: "human", value: "x" }, { from: "gpt", value: "y" }]; // biome-ignore format: a list
  const record = { text_list: ["s"], image_info: [{ image_name: "a.jpg" }], similarity_matrix: [[1]] };
  const data = { data: [{ image_id: 1 }] };
  const files: Record<string, [name: string, content: unknown, more?: string]> = {
    mmc4: ["mmc4.jsonl", record],
    obelics: ["obelics.jsonl", { images: ["a.jpg"], texts: [null] }],
    coco: ["coco.json", { images: [{ split: "train" }] }],
    captions: ["captions.json", { images: [], annotations: [{}] }],
    textcaps: ["textcaps.json", data],
    vqa: ["vqa.json", { questions: [{}] }, `&annotations=${made.write("annotations.json", { annotations: [] })}`],
    vizwiz: ["vizwiz.json", [{}]],
    textvqa: ["textvqa.json", data],
    ocrvqa: ["ocrvqa.json", { 1: {} }],
    stvqa: ["stvqa.json", data],
    docvqa: ["docvqa.json", data],
    gqa: ["gqa.json", { 1: {} }],
    scienceqa: ["scienceqa.json", {}, `&splits=${made.write("splits.json", { train: [1] })}`],
    llava: ["llava.json", [{ conversations }]],
  };
  expect(["folder", "pairs", "documents", ...Object.keys(files)].sort()).toEqual([...DATA_KINDS].sort());
  for (const [kind, [name, content, more = ""]] of Object.entries(files)) {
    const path = made.write(name, name.endsWith("l") ? JSON.stringify(content) : content);
    const { sources } = await openData([`${kind}:${path}?images=${made.folder}${more}`]);
    expect([kind, sources[0].source, sources[0].length]).toEqual([kind, kind, 1]);
    await all(sources[0]);
  }
  const tar = await made.tar("k.tar", [["a.json", "{}"]]);
  for (const kind of ["mmc4", "obelics", "pairs", "documents"])
    expect((await openData([`${kind}:${tar}`])).sources).toHaveLength(1);
});

test("limits of columns", async () => {
  const json = (punsafe: number) => JSON.stringify({ punsafe });
  const tar = await made.tar("limits.tar", [["a.jpg", "1"], ["a.txt", "A"], ["a.json", json(0.2)], ["b.jpg", "1"], ["b.txt", "B"], ["b.json", json(0.8)]]); // biome-ignore format: a list
  const { sources } = await openData([`pairs:${tar}?max.punsafe=0.5&min.punsafe=0.1`]);
  expect(await all(sources[0])).toMatchObject({ documents: [{ id: "a" }], reasons: ["punsafe beyond its limit"] });
});

test("what is not known, missing or no number is refused, with what there is", async () => {
  const open = (name: string) => openData([name]);
  await expect(open("/no/such")).rejects.toThrow("where kind is one of folder, pairs, documents, mmc4, obelics, coco");
  await expect(open("imagenet:x")).rejects.toThrow("data imagenet:x: expected a folder, tar shards, or <kind>:<path>");
  await expect(open("gqa:x.json")).rejects.toThrow("gqa needs images: gqa:x.json?images=PATH");
  await expect(open("gqa:x.json?images=a&colour=b")).rejects.toThrow(
    "gqa has no colour; it has name, weight, keepSingle",
  );
  await expect(open("gqa:x.json?images=a&max.x=1")).rejects.toThrow("gqa has no max.x");
  const tar = await made.tar("n.tar", [["a.txt", "x"]]);
  await expect(open(`${tar}?weight=much`)).rejects.toThrow('weight must be a number, got "much"');
  await expect(open(`mmc4:${tar}?emulate=llava`)).rejects.toThrow("emulate must be open_flamingo, got llava");
});
