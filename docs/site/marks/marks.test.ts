import { expect, test } from "vitest";
import { decodeImage } from "../../../model/processor/pictures/decodeImage.ts";
import { addressOf, readAddress } from "../client/address.ts";
import { type ComposedScene, parseScene, sceneName } from "../scene.ts";
import { drawScene } from "../worker/drawScene.ts";
import { Queue } from "../worker/queue.ts";
import { gridOf, gridPicture, veilPicture } from "./grid.ts";
import { correlation, median, placeName, timesLess } from "./maps.ts";
import { bytesOf } from "./png.ts";

const pixelsOf = (address: string) => decodeImage(bytesOf(address.split(",")[1]));

test("a grid's picture has the colours of its values: 0 is paper, the ends are the strongest", async () => {
  const grid = gridOf([-2, 0, 1, Number.NEGATIVE_INFINITY, 2, Number.NaN], 2, 3);
  expect([grid.low, grid.high]).toEqual([-2, 2]);
  const { width, height, data } = await pixelsOf(gridPicture(grid));
  expect([width, height]).toEqual([3, 2]);
  const colour = (i: number) => [...data.subarray((i * data.length) / 6, (i * data.length) / 6 + 3)];
  expect(colour(0)).toEqual(colour(3)); // -2, and what is below all
  expect(colour(1).every((channel) => channel > 240)).toBe(true);
  expect(colour(4)).toEqual([186, 78, 14]);
});

test("a larger matrix is drawn by its own values, and more than one stored block is a file, too", async () => {
  const values = Float32Array.from({ length: 400 * 600 }, (_, i) => i % 7);
  const grid = gridOf(values, 400, 600);
  expect([grid.rows, grid.columns]).toEqual([134, 150]);
  const picture = await pixelsOf(gridPicture(gridOf(new Float32Array(192 * 192).fill(1), 192, 192)));
  expect([picture.width, picture.height]).toEqual([192, 192]);
});

test("a veil is open where a map is highest, and dark where it is nothing or less", () => {
  const file = Buffer.from(bytesOf(veilPicture([0, 1, 2, -3], 2).split(",")[1]));
  const opacities = file.subarray(file.indexOf("tRNS") + 4);
  const [zlib, block, filter, width] = [2, 5, 1, 2];
  const rows = file.subarray(file.indexOf("IDAT") + 4 + zlib + block);
  const levels = [0, 1, 2, 3].map((i) => rows[Math.floor(i / width) * (width + filter) + filter + (i % width)]);
  expect(levels.map((level) => opacities[level])).toEqual([217, 108, 0, 217]);
});

test("maps in words", () => {
  expect(placeName([0, 0, 5, 1])).toBe("row 2, column 1");
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1);
  expect(correlation([1, 1], [1, 2])).toBe(0);
  expect(median([3, 1, 2])).toBe(2);
  expect([Math.log(1.01), Math.log(5), Math.log(12_345)].map(timesLess)).toEqual([
    "hardly less likely",
    "5.0 times less likely",
    "12,000 times less likely",
  ]);
});

test("a scene's name gives the scene back, and it is drawn where its things are", async () => {
  const scene: ComposedScene = { background: 1, things: [{ kind: 9, x: 20, y: 40, size: 16 }, { kind: 35, x: 50, y: 8, size: 12 }] }; // biome-ignore format: one line
  expect(parseScene(sceneName(scene))).toEqual(scene);
  for (const name of ["fruit", "s:", "s:0.123", "i:abc"]) expect(parseScene(name)).toBeUndefined();
  const { width, data } = await drawScene(scene);
  const at = (x: number, y: number) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  const ground = at(0, 0);
  expect(at(20, 40)).not.toEqual(ground);
  expect(at(20, 20)).toEqual(ground);
  await expect(drawScene({ background: 9, things: [] })).rejects.toThrow("backgrounds 0 to");
  await expect(drawScene({ ...scene, things: [{ kind: 99, x: 9, y: 9, size: 9 }] })).rejects.toThrow("no emoji");
});

test("an address says what differs, and what it does not know is passed over", () => {
  const known = { pictures: ["a", "b"], questions: [], side: 64 };
  const usual = { pictures: ["a"], question: "What?" };
  const there = { asked: { pictures: ["b", "s:0.09141g0h"], question: "Who is it?" }, word: 3 };
  const address = addressOf(there, usual, "");
  const [search, hash] = address.split("#");
  expect(readAddress(search, `#${hash}`, usual, known)).toEqual(there);
  expect(addressOf({ asked: usual, word: null }, usual, "#a-heading")).toBe("#a-heading");
  expect(readAddress("?p=c&q=+", "#w=x", usual, known)).toEqual({ asked: usual, word: null });
  expect(readAddress("?p=i:<script>", "", usual, known).asked).toEqual(usual);
  expect(readAddress(`?p=i:${"a".repeat(20_000)}`, "", usual, known).asked).toEqual(usual);
});

test("jobs run one by one; one that was cancelled while it waited never begins, one that runs is told", async () => {
  const queue = new Queue();
  const log: string[] = [];
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    queue.add(1, async (signal) => {
      log.push("first");
      await new Promise<void>((go) => (finish = go));
      log.push(signal.aborted ? "told" : "not told");
    });
    queue.add(2, async () => void log.push("never"));
    queue.add(3, async () => {
      log.push("last");
      resolve();
    });
  });
  queue.cancel(2);
  queue.cancel(1);
  expect(log).toEqual(["first"]);
  finish();
  await done;
  expect(log).toEqual(["first", "told", "last"]);
});
