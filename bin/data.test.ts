import { readFileSync } from "node:fs";
import { afterAll, expect, test, vi } from "vitest";
import { Made } from "../model/train/readers/made.fixture.ts";
import { dataCommand } from "./data.ts";
import { trainCommand } from "./train.ts";

const made = new Made();
afterAll(() => made.remove());
const dog = readFileSync("model/infimm-tiny/pictures/dog.png");
made.write("own/dog.png", dog);
made.write("own/dog.txt", "a dog");
made.write("own/lost.txt", "no picture");
const own = `${made.folder}/own`;

async function run(...args: string[]): Promise<string> {
  const command = args[0] === "train" ? trainCommand() : dataCommand();
  const out: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((text) => void out.push(text));
  try {
    await command.parseAsync(args.slice(args[0] === "train" ? 1 : 0), { from: "user" });
  } finally {
    log.mockRestore();
  }
  return out.join("\n");
}

test("infimm data inspect: counts, lengths and the sheet", async () => {
  const sheet = `${made.folder}/sheet.html`;
  const text = await run("inspect", own, "--model", "infimm-tiny", "--sheet", sheet);
  expect(text).toContain("folder: 2 records, all looked at\n1 of 2 left out: 1 no picture\n");
  expect(text).toMatch(/\ntokens +\d+/);
  expect(text).toContain(`some of them, with their pictures: ${sheet}`);
  expect(readFileSync(sheet, "utf8")).toContain('<p class="learn">a dog</p>');
  const json = JSON.parse(await run("inspect", own, "--json"));
  expect(json).toMatchObject({ source: "folder", records: 2, seen: 2, leftOut: { "no picture": 1 } });
});

test("infimm data convert: shards that inspect reads", async () => {
  const shards = `${made.folder}/shards`;
  expect(await run("convert", own, shards)).toBe(`${shards}: 1 samples in 1 shard; 1 of 2 left out: 1 no picture`);
  expect(await run("inspect", `${shards}/*.tar`)).toContain("pairs: 1 records, all looked at\n0 of 1 left out\n");
});

test("infimm train --show: what bears loss, of folders and of data by name; nothing is trained", async () => {
  const chat = await run("train", "--data", own, "--show", "1");
  expect(chat).toContain("<|endofchunk|><image>Please describe the image.</s>");
  expect(chat).toContain("⟦a dog</s>⟧");
  const shards = `${made.folder}/shown`;
  await run("convert", own, shards);
  const pair = await run("train", "--preset", "pt-7b", "--data", `pairs:${shards}/00000.tar?weight=2`, "--show", "1");
  expect(pair).toContain("<image>⟦a dog<|endofchunk|></s>⟧");
  const mixed = ["--data", own, `${shards}/00000.tar?weight=2`];
  await expect(run("train", ...mixed, "--show", "1")).rejects.toThrow(
    "a weight is given for some data, but none for own",
  );
});

test("what cannot be read is refused", async () => {
  await expect(run("inspect", "/no/such/folder")).rejects.toThrow(
    "data /no/such/folder: expected a folder, tar shards",
  );
});
