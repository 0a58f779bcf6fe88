import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSafetensors } from "../../../model/checkpoint/safetensors/parseSafetensors.ts";
import { configOf } from "../../../model/config/variants.ts";
import { report } from "../../../nn/report.ts";
import { sourceOf } from "../../generate/prototypes.ts";
import { PROTOTYPES } from "../../prototypes/list.ts";
import { MODEL, Snapshot } from "../snapshot.tsx";
import type { Asked } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import { Bench } from "./bench.ts";
import { moduleOf } from "./moduleOf.ts";
import type { Lesson, TrainEvent, TrainParams } from "./protocol.ts";
import { transpile } from "./transpile.ts";

const PARAMS: TrainParams = { updates: 2, batch: 2, lr: 2e-3, source: "questions", asksEvery: 2 };
/** Node imports no blobs. */
const inNode = (script: string) => import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(script)}`);

let session: Session;
let first: Asked;
let bench: Bench;

beforeAll(async () => {
  const snapshot = await Snapshot.take();
  session = snapshot.session;
  first = snapshot.run;
  const all: Lesson[] = JSON.parse(readFileSync(`${MODEL}/pictures/questions.json`, "utf8"));
  const named = all.map((lesson) => ({ ...lesson, pictures: lesson.pictures.map((name) => name.replace(".png", "")) }));
  const lessons = named.filter(({ pictures }) => pictures[0] === first.pictures[0]).slice(0, 2);
  bench = new Bench(session.assistant, (name) => session.image(name), lessons);
});
afterAll(() => session.assistant.dispose());

test.each(["vector-gates", "q-former"])(
  "%s, as it stands in the page, makes what its prototype makes",
  async (name) => {
    const { make } = await moduleOf(transpile(sourceOf(`${name}.ts`)), inNode);
    const config = configOf("infimm-zephyr");
    const { total } = report(PROTOTYPES[name].make(config));
    expect(report(make(config)).total).toEqual(total);
    const bill = Bench.bill({ make });
    const parameters = (side: 0 | 1) => bill.rows.reduce((sum, row) => sum + row.parameters[side], 0);
    expect([parameters(0), parameters(1)]).toEqual([9_840_832_224, total.parameters]); // the card's, as `infimm info` counts
    expect([bill.flops[1], bill.bytes[1]]).toEqual([total.flops, total.bytes]);
  },
);

test("code without make, and code that imports something else, is refused in words", async () => {
  await expect(moduleOf(transpile("export const made: number = 1;"), inNode)).rejects.toThrow("export make(config)");
  const other = 'import { readFileSync } from "node:fs"; export const make = () => readFileSync("x");';
  await expect(moduleOf(transpile(other), inNode)).rejects.toThrow('there is only "infimm" here, not "node:fs"');
  expect(() => transpile("export function make( {\n  return 1;")).toThrow(/\(\d+:\d+\)/);
});

test("with shut gates it is blind; it learns, can be stopped, goes on, and leaves the shipped model alone", async () => {
  const shipped = await session.run(first);
  const prepared = bench.prepare(PROTOTYPES["original"], "gates");
  expect(prepared).toMatchObject({ unplaced: 0, parameters: report(session.model).total.parameters });
  const blind = shipped.tokens.some(({ probability, blind: without }) => Math.abs(probability - without) > 0.1);
  expect(blind).toBe(true);
  const [told, abort]: [TrainEvent[], AbortController] = [[], new AbortController()];
  const tell = (event: unknown) => told.push(event as TrainEvent);
  expect(await bench.train(PARAMS, { tell })).toBe(2);
  const trained = told.flatMap((event) => ("trained" in event ? [event.trained] : []));
  expect(trained.map(({ update }) => update)).toEqual([1, 2]);
  expect(Object.values(trained[0].gates).every((open) => open !== 0)).toBe(true); // the first update opens them
  const shown = told.flatMap((event) => ("shown" in event ? [event.shown] : []));
  expect(shown.map(({ update }) => update)).toEqual([0, 2]);
  for (const map of shown[0].looks) expect(map.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1.001);
  abort.abort();
  expect(await bench.train(PARAMS, { signal: abort.signal, tell })).toBe(2); // told to stop before it began
  expect(await bench.train({ ...PARAMS, updates: 1 }, { tell })).toBe(3);
  expect(await session.run(first)).toEqual(shipped);
});

test("the weights that are kept are the trained ones, under PyTorch's names", async () => {
  bench.prepare(PROTOTYPES["original"], "connector");
  const losses: number[] = [];
  const tell = (event: unknown) => "trained" in (event as TrainEvent) && losses.push(1);
  await bench.train({ ...PARAMS, updates: 1, source: "world" }, { tell });
  expect(losses).toHaveLength(1);
  const bytes = await bench.save();
  const file = parseSafetensors(Uint8Array.from(bytes).buffer, "model.safetensors");
  const names = [...session.model.stateDict().keys()];
  expect([...file.tensors.keys()].sort()).toEqual(names.sort());
  const gate = names.find((name) => name.endsWith("attn_gate"))!;
  const [value] = file.readSync!(gate).data;
  expect(value).not.toBe(0);
  expect(value).not.toBe((await session.model.stateDict().get(gate)!.data())[0]);
});
