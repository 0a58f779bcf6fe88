import { expect, test } from "vitest";
import type { Document, LeftOut, Records } from "./documents.ts";
import { Feed } from "./feed.ts";
import { Reader } from "./reader.ts";

/** Records "a0", "a1" … of which those that `bad` names give nothing. */
function made(source: string, length: number, bad: (index: number) => string | undefined = () => undefined): Records {
  const document = (index: number): Document => ({ id: `${source}${index}`, source, layout: "plain", parts: [] });
  const leftOut = (index: number, reason: string): LeftOut => ({ leftOut: reason, detail: `record ${index}` });
  return {
    source,
    length,
    at: async (index) => (bad(index) === undefined ? document(index) : leftOut(index, bad(index)!)),
  };
}

async function ids(feed: { next(): Promise<Document> }, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push((await feed.next()).id);
  return found;
}

test("a reader goes through its records in order, from any position, and counts bad ones by reason", async () => {
  const reader = new Reader(made("a", 6, (i) => (i === 1 ? "no text" : i === 4 || i === 5 ? "no picture" : undefined)));
  const found: string[] = [];
  for await (const { id } of reader) found.push(id);
  expect(found).toEqual(["a0", "a2", "a3"]);
  expect(reader.leftOut.summary()).toBe("3 of 6 left out: 2 no picture, 1 no text");
  reader.seek(2);
  expect(await ids(reader, 3)).toEqual(["a2", "a3", "a0"]); // and on to the next epoch
  expect([reader.epoch, reader.position()]).toEqual([1, 1]);
  expect(() => reader.seek(7)).toThrow("a: there is no position 7 in 6 records");
});

test("too many bad records among the first 1,000 are an error with examples; later ones are not", async () => {
  const early = new Reader(made("early", 5000, (i) => (i < 501 ? "no text" : undefined)));
  await expect(ids(early, 700)).rejects.toThrow(
    /early: 501 of 1,000 left out: 501 no text, more than --max-bad 0.5 allows. For example:\n {2}no text: record 0\n/,
  );
  const late = new Reader(made("late", 5000, (i) => (i > 1100 && i < 4000 ? "no text" : undefined)));
  expect(await ids(late, 1102)).toContain("late4000");
  const strict = new Reader(
    made("few", 10, (i) => (i === 3 ? "no text" : undefined)),
    { maxBad: 0 },
  );
  await expect(ids(strict, 10)).rejects.toThrow("1 of 10 left out");
  const none = new Reader(
    made("none", 2000, () => "no text"),
    { maxBad: 1 },
  );
  await expect(none.next()).rejects.toThrow("2,000 of 2,000 left out");
});

test("what preparation leaves out counts like a bad record", async () => {
  const prepare = (document: Document) =>
    document.id === "a2" ? { leftOut: "not decodable", detail: document.id } : { name: document.id };
  const reader = new Reader(made("a", 4), { prepare });
  expect([await reader.next(), await reader.next(), await reader.next()].map(({ name }) => name)).toEqual([
    ..."a0 a1 a3".split(" "),
  ]);
  expect(reader.leftOut.summary()).toBe("1 of 4 left out: 1 not decodable");
});

test("ranks share an epoch: each record goes to one of them", async () => {
  const readers = [0, 1, 2].map((rank) => new Reader(made("a", 10), { seed: 5, rank, ranks: 3 }));
  expect(readers.map(({ length }) => length)).toEqual([4, 3, 3]);
  const found = (await Promise.all(readers.map((reader) => ids(reader, reader.length)))).flat();
  expect(found.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `a${i}`));
  expect(() => new Reader(made("a", 2), { rank: 2, ranks: 3 })).toThrow("2 records are too few for 3 processes");
  expect(() => new Reader(made("a", 2), { rank: 3, ranks: 3 })).toThrow("from 0 to ranks - 1, got 3 of 3");
});

const SOURCES = () => [made("a", 40, (i) => (i % 7 === 3 ? "no text" : undefined)), made("b", 20), made("c", 7)];

test("a feed keeps its shares whatever is bad, and every epoch has an order of its own", async () => {
  const feed = new Feed(SOURCES(), { seed: 0 });
  const found = await ids(feed, 67);
  expect(found.filter((id) => id.startsWith("a"))).toHaveLength(40); // 34 good ones, and 6 of the next epoch
  expect(found.filter((id) => id.startsWith("c")).sort()).toEqual(["c0", "c1", "c2", "c3", "c4", "c5", "c6"]);
  const next = await ids(feed, 67);
  expect(next.filter((id) => id.startsWith("b"))).not.toEqual(found.filter((id) => id.startsWith("b")));
  expect(feed.summary()[0]).toMatch(/^a: 1\d of \d\d left out: 1\d no text$/);
});

test("a feed restored at any moment gives the same samples on, and counts on", async () => {
  const weights = { a: 3, b: 1, c: 0.7 };
  const whole = new Feed(SOURCES(), { seed: 9, weights });
  const all = await ids(whole, 150);
  for (const at of [0, 1, 33, 101]) {
    const first = new Feed(SOURCES(), { seed: 9, weights });
    await ids(first, at);
    const second = new Feed(SOURCES(), { seed: 9, weights });
    second.restore(JSON.parse(JSON.stringify(first.state())));
    expect(await ids(second, 150 - at)).toEqual(all.slice(at));
    expect(second.state()).toEqual(whole.state());
  }
});

test("another seed, other data and wrong weights are refused by name", () => {
  const state = new Feed(SOURCES(), { seed: 9 }).state();
  expect(() => new Feed(SOURCES(), { seed: 8 }).restore(state)).toThrow("the saved state is of seed 9");
  expect(() => new Feed([...SOURCES().slice(0, 2), made("c", 8)], { seed: 9 }).restore(state)).toThrow(
    "the saved state is of c with 7 records, but c has 8",
  );
  expect(() => new Feed(SOURCES(), { seed: 9, weights: { a: 1, b: 1 } })).toThrow(
    "weights are given for a, b, but the sources are a, b, c",
  );
  expect(() => new Feed([made("a", 2), made("a", 3)], { seed: 0 })).toThrow("two sources are called a");
});
