import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Image, makeImage } from "../../processor/pictures/image.ts";
import { readPicture } from "../../processor/pictures/readPicture.ts";
import { type Document, isText, type Picture, type Records } from "../documents.ts";
import { openData } from "../readers/openData.ts";
import { worldRecords } from "./documents.ts";
import { Sprites } from "./sprites.ts";
import { writeWorld } from "./writeWorld.ts";

const COUNT = 6;
let folder: string;
let read: readonly Records[];
let sprites: Sprites;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-world-"));
  sprites = await Sprites.load();
  read = (await openData(await writeWorld(folder, { count: COUNT, seed: "files" }))).sources;
});
afterAll(async () => {
  for (const records of read) await records.close?.();
  await rm(folder, { recursive: true });
});

async function pixels(picture: Picture): Promise<Image> {
  if ("pixels" in picture) return picture.pixels;
  const { width, height, mode, data } = await readPicture("bytes" in picture ? picture.bytes : picture.path);
  return makeImage(width, height, mode, Uint8Array.from(data));
}

/** What a document says and shows, however it is stored. */
async function contents({ layout, parts }: Document): Promise<unknown> {
  const shown = parts.map(async (part) => (isText(part) ? part : await pixels(part)));
  return { layout, parts: await Promise.all(shown) };
}

const made = (source: "captions" | "questions" | "conversations" | "interleaved", index: number) =>
  worldRecords(source, { length: COUNT, sprites, seed: "files" }).at(index) as Promise<Document>;

test.each([
  ["captions", 0],
  ["conversations", 2],
  ["interleaved", 3],
] as const)("%s: what the reader gives is what the world makes", async (source, at) => {
  expect(read[at].length).toBe(COUNT);
  for (let i = 0; i < COUNT; i++) {
    const document = (await read[at].at(i)) as Document;
    expect(await contents(document)).toEqual(await contents(await made(source, i)));
  }
});

test("questions: a record each, with the picture and the answer that the world gave", async () => {
  let record = 0;
  for (let i = 0; i < COUNT; i++) {
    const { parts } = await made("questions", i);
    const [picture] = parts;
    const texts = parts.filter(isText);
    for (let k = 0; k < texts.length; k += 3) {
      const question = { text: `${texts[k].text}\n${texts[k + 1].text}`, learn: false };
      const document = (await read[1].at(record++)) as Document;
      expect(await contents(document)).toEqual(
        await contents({ ...document, layout: "task", parts: [picture, question, texts[k + 2]] }),
      );
    }
  }
  expect(read[1].length).toBe(record);
});
