import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import { makeImage } from "../../processor/pictures/image.ts";
import { pillowResize } from "../../processor/pictures/pillowResize.ts";
import { SPRITE_NAMES, SPRITE_SIDE } from "./sprites.ts";

/*
 * Makes spriteSheet.ts, once, from the unpacked npm package emoji-datasource-google 16.0.0 (82 MB, so no dependency):
 *
 *     npm pack emoji-datasource-google@16.0.0 && tar xzf emoji-datasource-google-16.0.0.tgz
 *     npx tsx model/train/world/makeSprites.ts package
 */

/** Noto's pictures, by code point. */
const FILES: Readonly<Record<string, string>> = {
  "red circle": "1f534",
  "orange circle": "1f7e0",
  "yellow circle": "1f7e1",
  "green circle": "1f7e2",
  "blue circle": "1f535",
  "purple circle": "1f7e3",
  "brown circle": "1f7e4",
  "black circle": "26ab",
  "white circle": "26aa",
  "red square": "1f7e5",
  "orange square": "1f7e7",
  "yellow square": "1f7e8",
  "green square": "1f7e9",
  "blue square": "1f7e6",
  "purple square": "1f7ea",
  "brown square": "1f7eb",
  "black square": "2b1b",
  "white square": "2b1c",
  "red heart": "2764-fe0f",
  "orange heart": "1f9e1",
  "yellow heart": "1f49b",
  "green heart": "1f49a",
  "blue heart": "1f499",
  "purple heart": "1f49c",
  "brown heart": "1f90e",
  "black heart": "1f5a4",
  "white heart": "1f90d",
  apple: "1f34e",
  ball: "26bd",
  banana: "1f34c",
  bus: "1f68c",
  car: "1f697",
  cat: "1f431",
  dog: "1f436",
  fish: "1f41f",
  house: "1f3e0",
  star: "2b50",
  strawberry: "1f353",
  tree: "1f333",
};

async function makeSheet(folder: string): Promise<Uint8Array> {
  const sheet = new PNG({ width: SPRITE_SIDE * SPRITE_NAMES.length, height: SPRITE_SIDE });
  for (const [i, name] of SPRITE_NAMES.entries()) {
    const bytes = await readFile(join(folder, "img/google/64", `${FILES[name]}.png`));
    const { width, height, data } = PNG.sync.read(bytes); // palettes too become RGBA
    const small = pillowResize(makeImage(width, height, "RGBA", data), SPRITE_SIDE, SPRITE_SIDE);
    for (let y = 0; y < SPRITE_SIDE; y++) {
      const row = small.data.subarray(4 * SPRITE_SIDE * y, 4 * SPRITE_SIDE * (y + 1));
      sheet.data.set(row, 4 * (sheet.width * y + SPRITE_SIDE * i));
    }
  }
  return PNG.sync.write(sheet, { deflateLevel: 9 });
}

const base64 = Buffer.from(await makeSheet(process.argv[2])).toString("base64");
const remark = "/** Noto Emoji by Google, Apache-2.0 (see NOTICE), as a PNG in base64: made by makeSprites.ts. */\n";
await writeFile(new URL("spriteSheet.ts", import.meta.url), `${remark}export const SPRITE_SHEET =\n  "${base64}";\n`);
