import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makePng, synthetic } from "./png.fixture.ts";
import { readJson } from "./readFile.ts";
import { readPicture } from "./readPicture.ts";

describe("readPicture", () => {
  const folder = mkdtempSync(join(tmpdir(), "infimm-"));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it("reads a picture", async () => {
    const path = write("a.png", makePng({ width: 3, height: 2, depth: 8, colorType: 2, rows: synthetic(3, 2, 3) }));
    expect((await readPicture(path)).data).toEqual(synthetic(3, 2, 3));
  });

  it("names the file that is wrong", async () => {
    await expect(readPicture(`${folder}/none.png`)).rejects.toThrow(`there is no file ${folder}/none.png`);
    await expect(readPicture(folder)).rejects.toThrow(`expected a picture, but ${folder} is a folder`);
    await expect(readPicture(write("empty.png", ""))).rejects.toThrow("empty.png is empty");
    await expect(readPicture(write("text.png", "hello"))).rejects.toThrow("text.png: expected a PNG or JPEG");
    await expect(readJson(write("a.json", "{"), "config")).rejects.toThrow("a.json is not JSON");
  });
});
