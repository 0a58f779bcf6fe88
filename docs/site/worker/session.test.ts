import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memory } from "../../../tensor/index.ts";
import { MODEL, Snapshot } from "../snapshot.tsx";
import { studies } from "../studies/studies.ts";
import type { Asked } from "./protocol.ts";
import type { Session } from "./session.ts";

let session: Session;
let asked: Asked;
let others: Asked[];

beforeAll(async () => {
  const snapshot = await Snapshot.take();
  session = snapshot.session;
  asked = { pictures: snapshot.run.pictures, question: snapshot.run.question };
  others = snapshot.known.pictures.slice(0, 2).map((name) => ({ pictures: [name], question: asked.question }));
});
afterAll(() => session.assistant.dispose());

test("memory stays as it is, however many questions are asked and studied", async () => {
  const once = async () => {
    for (const name of ["stages", "lens", "mask", "gates", "hide"]) {
      const params = { hide: { patches: [1, 2] }, mask: { places: null, rule: "all" }, gates: { open: {} } }[name];
      await studies[name].measure(session, others[0], params, {});
    }
    for (const one of others) await session.run(one);
    await session.run(asked);
  };
  await once();
  const before = memory();
  await once();
  expect(memory()).toEqual(before);
});

test("a job that is cancelled ends between its steps, and leaves the model as it was", async () => {
  const trained = await session.run(asked);
  const abort = new AbortController();
  let steps = 0;
  const tell = () => {
    if (++steps === 3) abort.abort();
  };
  const study = studies["training"].measure(session, asked, { steps: 50, lr: 0.1 }, { signal: abort.signal, tell });
  await expect(study).rejects.toThrow();
  expect(steps).toBe(3);
  expect(await session.run(asked)).toEqual(trained);
  const dependence = studies["where"].measure(session, asked, undefined, { signal: AbortSignal.abort() });
  await expect(dependence).rejects.toThrow();
});

test("a picture of the reader's by its name is the picture", async () => {
  const file = await readFile(`${MODEL}/pictures/${asked.pictures[0]}.png`);
  const name = `i:${file.toString("base64url")}`;
  expect(await session.see(name)).toEqual(await session.see(asked.pictures[0]));
  expect(await session.see(new Blob([file]))).toEqual(await session.see(name));
  await expect(session.see("i:aGVsbG8")).rejects.toThrow();
});
