import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { Document } from "../documents.ts";
import { all, Made, shown, tarOf } from "./made.fixture.ts";
import { mmc4Records, mmc4TarRecords } from "./mmc4.ts";
import { obelicsRecords, obelicsTarRecords } from "./obelics.ts";
import { folderRecords } from "./folder.ts";
import { pairRecords } from "./pairs.ts";
import { shardPaths, TarShards } from "./shards.ts";
import { groupMembers, shardIndex } from "./tar.ts";
import { readTarMembers } from "./tarMembers.ts";

const made = new Made();
afterAll(() => made.remove());
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("members into samples", () => {
  /** What OpenFlamingo's grouping makes of names: golden/export/export_samples.py. */
  const golden: { members: { names: string[]; groups: string[][] }[] } = JSON.parse(
    readFileSync("golden/fixtures/samples/openFlamingo.json", "utf8"),
  );

  test.each(golden.members)("$names", ({ names, groups }) => {
    const found = groupMembers(names.map((name) => [name, 0] as const));
    expect(found.map(({ key, files }) => [key, ...Object.keys(files)])).toEqual(groups);
  });
});

describe("a shard's index", () => {
  const members = [
    ["a.jpg", "picture a"],
    ["a.txt", "A dog."],
    [`${"long/".repeat(40)}b.jpg`, "picture b"], // a name for pax
    ["ünïcode.txt", "x"],
    ["empty.txt", ""],
  ] as const;

  test("tells where each file lies, and is kept beside the shard", async () => {
    const path = await made.tar("one.tar", members);
    const { samples, truncated } = await shardIndex(path);
    expect(truncated).toBe(false);
    const bytes = readFileSync(path);
    const contents = samples.map(({ key, files }) =>
      Object.entries(files).map(([ending, [at, size]]) => [`${key}.${ending}`, text(bytes.subarray(at, at + size))]),
    );
    expect(contents.flat()).toEqual(members);
    expect(JSON.parse(readFileSync(`${path}.index.json`, "utf8")).samples).toEqual(samples);
    writeFileSync(`${path}.index.json`, JSON.stringify({ format: 1, bytes: bytes.length, samples: [], truncated }));
    expect((await shardIndex(path)).samples).toEqual([]); // it is read, not made again
  });

  test("is made anew when the shard is another", async () => {
    const path = await made.tar("changing.tar", [["a.txt", "one"]]);
    await shardIndex(path);
    await made.tar("changing.tar", [["b.txt", "two"], ["c.txt", "three"]]); // biome-ignore format: pairs
    expect((await shardIndex(path)).samples.map(({ key }) => key)).toEqual(["b", "c"]);
    await made.tar("changing.tar", [["d.txt", "two"], ["e.txt", "three"]]); // biome-ignore format: of the same size
    const later = statSync(`${path}.index.json`).mtimeMs / 1000 + 5;
    utimesSync(path, later, later);
    expect((await shardIndex(path)).samples.map(({ key }) => key)).toEqual(["d", "e"]);
  });

  test("stays in memory where nothing may be written", async () => {
    const path = await made.tar("readonly/x.tar", [["a.txt", "one"]]);
    const folder = join(made.folder, "readonly");
    chmodSync(folder, 0o500);
    expect((await shardIndex(path)).samples).toHaveLength(1);
    if (process.getuid?.() !== 0) expect(existsSync(`${path}.index.json`)).toBe(false);
    chmodSync(folder, 0o700);
  });

  test("counts what stands before a cut, and says that there is one", async () => {
    const whole = await tarOf([["a.txt", "one"], ["b.txt", "x".repeat(2000)]]); // biome-ignore format: pairs
    const keys = async (length: number) => {
      const index = await shardIndex(made.write(`cut${length}.tar`, whole.subarray(0, length)));
      return [index.samples.map(({ key }) => key).join(), index.truncated];
    };
    expect(await keys(whole.length)).toEqual(["a,b", false]);
    expect(await keys(512 * 2)).toEqual(["a", false]); // no blocks of zeros, but whole
    expect(await keys(512 * 2 + 300)).toEqual(["a", true]); // in a header
    expect(await keys(512 * 3 + 700)).toEqual(["a", true]); // in a file
  });

  test("ends at two blocks of zeros, as for Python's tarfile", async () => {
    const one = await tarOf([["a.txt", "one"]]);
    const path = made.write("joined.tar", Buffer.concat([one, await tarOf([["b.txt", "two"]])]));
    expect((await shardIndex(path)).samples.map(({ key }) => key)).toEqual(["a"]);
  });

  /** Archives by Python's tarfile, and what it finds in them: golden/export/export_tars.py. */
  const python: { cases: { name: string; archive: string; files: [string, number, number][] | null }[] } = JSON.parse(
    readFileSync("golden/fixtures/tars.json", "utf8"),
  );

  test.each(python.cases)("finds what Python finds: $name", async ({ name, archive, files }) => {
    const path = made.write(`python/${name}.tar`, gunzipSync(Buffer.from(archive, "base64")));
    const file = await open(path);
    const found = readTarMembers(file, path, statSync(path).size);
    if (files === null) await expect(found).rejects.toThrow(`${name}.tar is not a tar archive`);
    else expect((await found).members.map((member) => [member.name, member.offset, member.size])).toEqual(files);
    await file.close();
  });

  test("a file with holes is refused by name", async () => {
    const whole = await tarOf([["a.txt", "one"], ["holes.bin", "x"]]); // biome-ignore format: pairs
    const header = whole.subarray(1024, 1536);
    header.write("S", 156);
    header.write("        ", 148);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    await expect(shardIndex(made.write("sparse.tar", whole))).rejects.toThrow(/sparse.tar: holes.bin is stored with/);
  });

  test("what is no tar, or is not there, is refused by name", async () => {
    await expect(shardIndex(made.write("no.tar", "hello ".repeat(500)))).rejects.toThrow("no.tar is not a tar archive");
    await expect(shardIndex(join(made.folder, "missing.tar"))).rejects.toThrow("there is no file");
  });
});

describe("shards", () => {
  test("lists: braces, commas, globs", async () => {
    expect(await shardPaths("d/{08..11}.tar")).toEqual(["d/08.tar", "d/09.tar", "d/10.tar", "d/11.tar"]);
    expect(await shardPaths("a.tar,b{1,2}.tar")).toEqual(["a.tar", "b1.tar", "b2.tar"]);
    for (const name of ["g/2.tar", "g/10.tar", "g/1.txt"]) made.write(name, "x");
    const found = await shardPaths(`${made.folder}/g/*.tar`);
    expect(found.map((path) => path.slice(made.folder.length))).toEqual(["/g/10.tar", "/g/2.tar"]);
    await expect(shardPaths(`${made.folder}/none/*.tar`)).rejects.toThrow("no shard is called");
    expect(await shardPaths("{2..0}-{a,b{1,2}}.tar")).toHaveLength(9);
    expect(await shardPaths("{x}{098..101}.tar")).toEqual(["{x}098.tar", "{x}099.tar", "{x}100.tar", "{x}101.tar"]);
    made.write("g/deep/er/.3.tar", "x");
    symlinkSync(`${made.folder}/g/deep`, `${made.folder}/g/linked`);
    const names = async (pattern: string) =>
      (await shardPaths(`${made.folder}/${pattern}`)).map((path) => path.slice(made.folder.length));
    expect(await names("g/**/*.tar")).toEqual(["/g/10.tar", "/g/2.tar", "/g/deep/er/.3.tar"]);
    expect(await names("g/*/er/?3.[st]ar")).toEqual(["/g/deep/er/.3.tar", "/g/linked/er/.3.tar"]); // links are followed
  });

  test("sizes beside the shards spare reading them; a shard that is shorter is told", async () => {
    for (const name of ["0", "1", "2"]) await made.tar(`s/${name}.tar`, [[`${name}a.txt`, "x"], [`${name}b.txt`, "y"]]); // biome-ignore format: pairs
    made.write("s/sizes.json", { "0.tar": 2, "1.tar": 3 });
    made.write("s/2_stats.json", { count: 9, successes: 2 });
    const shards = await TarShards.open(`${made.folder}/s/{0..2}.tar`);
    expect(shards.length).toBe(7);
    expect(existsSync(`${made.folder}/s/0.tar.index.json`)).toBe(false);
    expect(await shards.at(6)).toMatchObject({ key: "2b" });
    expect(await shards.at(3)).toMatchObject({ key: "1b" });
    expect(await shards.at(4)).toMatchObject({ leftOut: "shard too short" });
    await shards.close();
    await made.tar("len/0.tar", [["a.txt", "x"]]);
    made.write("len/__len__", "5\n");
    expect((await TarShards.open(`${made.folder}/len/0.tar`)).length).toBe(5);
  });

  test("more shards than files that are kept open", async () => {
    for (let i = 0; i < 20; i++) await made.tar(`many/${i}.tar`, [[`${i}.txt`, String(i)]]);
    const shards = await TarShards.open(`${made.folder}/many/{0..19}.tar`);
    for (const i of [...Array(20).keys(), ...Array(20).keys()]) {
      const sample = await shards.at(i);
      expect("leftOut" in sample ? "" : text(await sample.bytes("txt"))).toBe(String(i));
    }
    await shards.close();
  });
});

test("pairs, as img2dataset writes them, and every kind of broken one", async () => {
  const json = (value: object) => JSON.stringify({ status: "success", width: 30, height: 20, ...value });
  const path = await made.tar("pairs/00000.tar", [
    ["000000000.jpg", "12345"],
    ["000000000.txt", " A dog. "],
    ["000000000.json", json({ punsafe: 0.1 })],
    ["000000001.webp", "1"],
    ["000000001.txt", "A cat."],
    ["000000002.txt", "No picture."],
    ["000000003.png", "1"],
    ["000000004.png", "1"],
    ["000000004.txt", " \n"],
    ["000000005.JPEG", "1"],
    ["000000005.txt", "Broken"],
    ["000000005.json", "{"],
    ["000000006.jpg", "1"],
    ["000000006.txt", "Unsafe."],
    ["000000006.json", json({ punsafe: 0.9 })],
    ["000000007.jpg", "1"],
    ["000000007.txt", "Unknown."],
    ["000000007.json", json({})],
  ]);
  const open = await all(await pairRecords(path));
  expect(open.documents.map(shown)).toEqual([
    ["<5>", "* A dog. "],
    ["<1>", "*A cat."],
    ["<1>", "*Unsafe."],
    ["<1>", "*Unknown."],
  ]);
  expect(open.documents[0]).toMatchObject({ id: "000000000", layout: "pair", parts: [{ width: 30, height: 20 }, {}] });
  expect(open.reasons).toEqual(["no picture", "no caption", "empty caption", "not JSON"]);
  const limited = await all(await pairRecords(path, { limits: { punsafe: { max: 0.5 } } }));
  expect(limited.documents.map(({ id }) => id)).toEqual(["000000000", "000000001"]);
  expect(limited.reasons.slice(-2)).toEqual(["punsafe beyond its limit", "no punsafe"]);
});

test("a folder of pictures and captions", async () => {
  for (const [name, content] of [["b.jpg", "22"], ["b.txt", "B"], ["sub/a.png", "1"], ["sub/a.txt", "A"], ["c.jpg", "1"], ["d.txt", "D"], ["e.jpg", "1"], ["e.txt", ""]]) made.write(`own/${name}`, content); // biome-ignore format: a list
  const { documents, reasons } = await all(await folderRecords(`${made.folder}/own`, "pair"));
  expect(documents.map(shown)).toEqual([["<2>", "*B"], ["<1>", "*A"]]); // biome-ignore format: pairs
  expect(reasons).toEqual(["no caption", "no picture", "empty caption"]);
  const lines = [{ file_name: "b.jpg", text: "Said.", score: 1 }, { file_name: "c.jpg", text: "No.", score: 3 }, { file_name: "d.jpg" }]; // biome-ignore format: a list
  made.write("own/metadata.jsonl", lines.map((line) => JSON.stringify(line)).join("\n"));
  const limits = { score: { max: 2 } };
  const told = await all(await folderRecords(`${made.folder}/own`, "pair", { limits }));
  expect(told.documents.map(shown)).toEqual([[`<${made.folder}/own/b.jpg>`, "*Said."]]);
  expect(told.reasons).toEqual(["score beyond its limit", "no caption"]);
  made.write("nothing/README", "x");
  await expect(folderRecords(`${made.folder}/nothing`)).rejects.toThrow("has no pictures with captions");
});

describe("MMC4", () => {
  const large = Buffer.alloc(11_000, 1);
  const image = (name: string, bytes?: Buffer) => ({ image_name: name, image_base64: bytes?.toString("base64") });
  const document = (info: object[], similarity: number[][], text_list = ["s0", "s1", "s2"]) =>
    ({ text_list, image_info: info, similarity_matrix: similarity, url: "u" }); // biome-ignore format: one expression
  const good = document([image("a", large), image("b", Buffer.alloc(12_000))], [[0.1, 0.2, 0.9], [0.5, 0.1, 0.2]]); // biome-ignore format: one line

  test("in tar shards, pictures inside, and every kind of broken document", async () => {
    const similarity = [[0.9, 0, 0]];
    const path = await made.tar("mmc4.tar", [
      ["good.json", JSON.stringify(good)],
      ["small.json", JSON.stringify(document([image("a", Buffer.alloc(10_999))], similarity))],
      ["unlike.json", JSON.stringify(document([image("a", large)], [[0.2, 0.23, 0.1]]))],
      ["lost.json", JSON.stringify(document([image("a")], similarity))],
      ["ragged.json", JSON.stringify(document([image("a", large)], [[0.9, 0]]))],
      ["none.json", JSON.stringify(document([], []))],
      ["untold.json", JSON.stringify({ ...good, text_list: undefined })],
      ["broken.json", "{"],
      ["other.txt", "x"],
    ]);
    const { documents, reasons } = await all(await mmc4TarRecords(path));
    expect(documents.map(shown)).toEqual([["<12000>", "*s0", "*s1", "<11000>", "*s2"]]);
    expect(reasons).toEqual([
      "pictures under 11,000 bytes",
      "no picture like a sentence",
      "no picture file",
      "similarity matrix does not fit",
      "no picture",
      "no text_list",
      "not JSON",
      "no json",
    ]);
    const theirs = await all(await mmc4TarRecords(path, { emulate: "open_flamingo" }));
    expect(theirs.documents.map(shown)).toEqual([["<11000>", "*s0", "*s1", "<12000>", "*s2"]]); // exchanged
    const all9 = await all(await mmc4TarRecords(path, { minSimilarity: 0, minBytes: 0 }));
    expect(all9.documents).toHaveLength(3);
  });

  test("as JSON lines, pictures on disk", async () => {
    made.write("mmc4/a", large);
    const path = made.write("mmc4.jsonl", JSON.stringify({ ...good, image_info: [image("a"), image("gone")] }));
    const { documents } = await all(await mmc4Records(path, { images: `${made.folder}/mmc4` }));
    expect(documents.map(shown)).toEqual([["*s0", "*s1", `<${made.folder}/mmc4/a>`, "*s2"]]);
  });
});

describe("OBELICS", () => {
  const page = { images: [null, "0.jpg", null], texts: ["Title", null, "Below"] };

  test("as JSON lines, and every kind of broken page", async () => {
    const lines = [
      page,
      { ...page, texts: ["Title", "both", "Below"] },
      { ...page, texts: ["Title"] },
      { images: [null], texts: ["Only text"] },
      { ...page, images: [null, "https://x.org/0.jpg", null] },
      { texts: [] },
    ];
    const path = made.write("obelics.jsonl", [...lines.map((line) => JSON.stringify(line)), "["].join("\n"));
    const { documents, reasons } = await all(await obelicsRecords(path, { images: "/img" }));
    expect(documents.map(shown)).toEqual([["*Title", "</img/0.jpg>", "*Below"]]);
    expect((documents[0] as Document).layout).toBe("web");
    expect(reasons).toEqual([
      "not one of picture and text",
      "lists of unequal length",
      "no picture",
      "address instead of a picture",
      "no images",
      "not JSON",
    ]);
  });

  test("in tar shards, pictures beside the page", async () => {
    const path = await made.tar("obelics.tar", [
      ["p.json", JSON.stringify({ ...page, images: [null, "p.0.JPG", null] })],
      ["p.0.jpg", "123"],
      ["q.json", JSON.stringify({ ...page, images: [null, "q.1.jpg", null] })],
      ["r.jpg", "1"],
    ]);
    const { documents, reasons } = await all(await obelicsTarRecords(path));
    expect(documents.map(shown)).toEqual([["*Title", "<3>", "*Below"]]);
    expect(reasons).toEqual(["no picture file", "no json"]);
  });
});
