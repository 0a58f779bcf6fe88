import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import { makeImage } from "../processor/pictures/image.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { Processor } from "../processor/processor.ts";
import type { Document, LeftOut, Picture, Records } from "./documents.ts";
import { inspectionText, inspectRecords } from "./inspect.ts";
import { epochOrder } from "./order.ts";
import { pictureFile } from "./pictureFile.ts";
import { all, Made } from "./readers/made.fixture.ts";
import { openData } from "./readers/openData.ts";
import { writeDocuments } from "./readers/writeDocuments.ts";
import { sheetHtml } from "./sheet.ts";

const made = new Made();
afterAll(() => made.remove());
const dog = { path: "model/infimm-tiny/pictures/dog.png" };
const grey = { pixels: makeImage(2, 1, "RGB", new Uint8Array([1, 2, 3, 4, 5, 6])) };
const pair = (id: string, picture: Picture, text: string): Document => ({ id, source: "made", layout: "pair", parts: [picture, { text, learn: true }] }); // biome-ignore format: one line
const chat: Document = {
  id: "chat",
  source: "made",
  layout: "chat",
  parts: [grey, { text: "What <b>?", learn: false, role: "user" }, { text: "A dog.", learn: true, role: "assistant" }],
};
const of = (...list: (Document | LeftOut)[]): Records => ({
  source: "made",
  length: list.length,
  at: async (index) => list[index],
});
const MIXED = of(
  pair("0", dog, "a dog"),
  pair("1", { path: "/no/such.png" }, "lost"),
  { leftOut: "no caption", detail: "record 2" },
  pair("3", { bytes: new Uint8Array(9) }, "broken"),
  chat,
);

describe("inspecting", () => {
  test("counts what is left out, by reason and with examples, and says how long the rest is", async () => {
    const found = await inspectRecords(MIXED);
    expect(found.leftOut.state()).toEqual({
      seen: 5,
      reasons: { "no caption": 1, "no picture file": 1, "picture not decodable": 1 },
    });
    expect(found).toMatchObject({ records: 5, layouts: { pair: 1, chat: 1 }, pictures: { min: 1, max: 1, sum: 2 } });
    expect(found.words).toEqual({ min: 2, median: 2, p95: 4, max: 4, sum: 6 });
    expect(found.tokens).toBeUndefined();
    const text = inspectionText(found);
    expect(text).toContain("made: 5 records, all looked at\n3 of 5 left out: ");
    expect(text).toContain("  no caption: record 2\n");
    expect(text).toContain("no picture file: made 1: ");
  });

  test("with a processor, in tokens; of many records as many as asked for, drawn", async () => {
    const processor = await Processor.fromPretrained("model/infimm-tiny");
    const found = await inspectRecords(of(...Array.from({ length: 50 }, (_, i) => pair(`${i}`, dog, "a dog"))), {
      processor,
      count: 10,
      shown: 3,
    });
    const length = processor.tokenizer.encode("<image>a dog<|endofchunk|></s>").length;
    expect(found.tokens).toMatchObject({ min: length, max: length, sum: 10 * length });
    expect(found.counted).toMatchObject({ max: length - 2 });
    const order = epochOrder(50, 0, 0);
    expect(found.shown.map(({ id }) => Number(id))).toEqual([order(0), order(1), order(2)]);
    expect(inspectionText(found)).toContain("50 records, 10 of them looked at, drawn from all");
  });
});

test("the sheet is one page that needs nothing else, and what a record says stays text", async () => {
  const html = await sheetHtml("Two & more", [pair("0", dog, "a dog"), chat]);
  expect(html).toContain("<title>Two &amp; more</title>");
  expect(html.match(/<img alt="" src="data:image\/png;base64,/g)).toHaveLength(2);
  expect(html).toContain('<p class="learn">a dog</p>');
  expect(html).toContain("<p>user: What &lt;b&gt;?</p>");
  expect(html).not.toMatch(/(src|href)="(?!data:)/);
});

test.each([1, 2, 3, 4])("pixels of %i channels become a PNG of the same", async (channels) => {
  const mode = (["L", "LA", "RGB", "RGBA"] as const)[channels - 1];
  // rows that each of PNG's filters is best for
  const value = (x: number, y: number, c: number) =>
    [x * y * 89 + c * 41, x * 7 + c, y * 90 + ((x * x * 37 + c) % 90)][y % 3];
  const pixels = Uint8Array.from({ length: 12 * 9 * channels }, (_, i) =>
    value(Math.floor(i / channels) % 12, Math.floor(i / channels / 12), i % channels),
  );
  const image = makeImage(12, 9, mode, pixels);
  const { bytes, ending } = await pictureFile({ pixels: image });
  expect(ending).toBe("png");
  const back = await readPicture(bytes);
  expect([back.mode, [...back.data]]).toEqual([mode, [...image.data]]);
  const theirs = PNG.sync.read(Buffer.from(bytes)); // another reader, which makes RGBA of all
  const [red, alpha] = [theirs.data[4 * 17], theirs.data[4 * 17 + 3]];
  expect([red, alpha]).toEqual([pixels[17 * channels], channels % 2 ? 255 : pixels[18 * channels - 1]]);
});

describe("converting", () => {
  test("pairs become what img2dataset writes, others what is read back as it was; bad ones are told", async () => {
    const folder = `${made.folder}/pairs`;
    const pairs = of(pair("0", dog, "a dog"), pair("1", grey, "two pixels"), pair("2", { path: "/no" }, "lost"));
    expect(await writeDocuments(pairs, folder, { shardSize: 1 })).toEqual({
      written: 2,
      shards: 2,
      summary: "1 of 3 left out: 1 no picture file",
    });
    const { sources } = await openData([`${folder}/{00000..00001}.tar`]);
    const { documents } = await all(sources[0]);
    expect(documents.map(({ id, parts }) => [id, parts[1]])).toEqual([
      ["000000000", { text: "a dog", learn: true }],
      ["000000001", { text: "two pixels", learn: true }],
    ]);
    const mixed = `${made.folder}/mixed`;
    const plain: Document = { id: "p", source: "made", layout: "plain", parts: [{ text: "x", learn: false }] };
    await writeDocuments(of(chat, plain), mixed);
    const back = await all((await openData([`documents:${mixed}/00000.tar`])).sources[0]);
    expect(back.documents.map(({ id, layout }) => [id, layout])).toEqual([["chat", "chat"], ["p", "plain"]]); // biome-ignore format: pairs
    expect(back.documents[0].parts.slice(1)).toEqual(chat.parts.slice(1));
    expect(back.documents[0].parts[0]).toEqual({ bytes: new Uint8Array((await pictureFile(grey)).bytes) });
  });

  test("with a seed, in the order in which a run reads them", async () => {
    const list = Array.from({ length: 9 }, (_, i) => pair(`${i}`, grey, `text ${i}`));
    await writeDocuments(of(...list), `${made.folder}/order`, { seed: 5 });
    const { documents } = await all((await openData([`${made.folder}/order/00000.tar`])).sources[0]);
    const order = epochOrder(9, 5, 0);
    expect(documents.map(({ parts }) => parts[1])).toEqual(list.map((_, i) => list[order(i)].parts[1]));
  });

  test("stored documents with every fault", async () => {
    const json = (value: unknown) => JSON.stringify(value);
    const good = { id: "a", layout: "plain", parts: [] };
    const tar = await made.tar("faults.tar", [
      ["0.json", json(good)],
      ["1.json", json({ ...good, layout: "spiral" })],
      ["2.json", json({ ...good, parts: [{ picture: "0.png" }] })],
      ["3.json", json({ ...good, parts: [{ text: "x", role: "tool" }] })],
      ["4.json", "{"],
      ["5.txt", "x"],
    ]);
    const { documents, reasons } = await all((await openData([`documents:${tar}`])).sources[0]);
    expect(documents).toHaveLength(1);
    expect(reasons).toEqual(["unknown layout", "no picture file", "unknown speaker", "not JSON", "no json"]);
  });

  test("nothing to write is an error that says why", async () => {
    const lost = of(pair("0", { path: "/no" }, "lost"));
    await expect(writeDocuments(lost, `${made.folder}/none`)).rejects.toThrow("nothing to write, 1 of 1 left out");
    await expect(writeDocuments(lost, made.folder, { shardSize: 0 })).rejects.toThrow("the size of a shard");
  });
});
