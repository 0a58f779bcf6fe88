import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Assistant } from "../generate/assistant.ts";
import type { AnswerEnd } from "../generate/answerOptions.ts";
import { serveAssistant } from "./serveAssistant.ts";
import { WorkerAssistant } from "./workerAssistant.ts";

const MODEL = "model/infimm-tiny";
const DOG = `${MODEL}/pictures/dog.png`;
const folder = mkdtempSync(resolve("node_modules/.infimm-worker-")); // where packages are found
let worker: Worker;
let inside: WorkerAssistant;
let outside: Assistant;
beforeAll(async () => {
  // as a user's: the entry, bundled for Node
  const outfile = join(folder, "worker.mjs");
  await build({ entryPoints: ["workerServe.ts"], bundle: true, platform: "node", format: "esm", target: "node20", outfile, packages: "external", logLevel: "error" }); // biome-ignore format: one command
  worker = new Worker(outfile);
  inside = await WorkerAssistant.fromPretrained(worker, MODEL, { backend: "cpu" });
  outside = await Assistant.fromPretrained(MODEL, { backend: "cpu" });
});
afterAll(() => {
  inside?.dispose();
  rmSync(folder, { recursive: true });
});

async function collect(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

test("answers as an assistant outside does, piece by piece", async () => {
  const ends: AnswerEnd[] = [];
  const options = { onEnd: (end: AnswerEnd) => ends.push(end), logprobs: true, topLogprobs: 2 };
  const pictures = [DOG, readFileSync(DOG), new Blob([readFileSync(DOG)])];
  for (const picture of pictures) {
    const said = await collect(inside.ask("What is this?", picture, options));
    expect(said).toEqual(await collect(outside.ask("What is this?", picture, options)));
    const [here, there] = ends.splice(0);
    expect({ ...here, seconds: 0 }).toEqual({ ...there, seconds: 0 });
  }
  const chat = inside.chat();
  await collect(chat.say("What is this?", DOG));
  await collect(chat.say("Is it small?"));
  expect(chat.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  const conversations = [
    [{ role: "user", content: [{ type: "image_url", image_url: { url: DOG } }, "What is this?"] }],
  ] as const;
  const several = { sampling: { temperature: 2 }, numReturnSequences: 2 };
  expect(await inside.replies(conversations, several)).toEqual(await outside.replies(conversations, several));
});

test("two questions at once do not mix", async () => {
  const ask = (assistant: Pick<Assistant, "ask">, question: string) => collect(assistant.ask(question, DOG));
  const both = await Promise.all([ask(inside, "What is this?"), ask(inside, "How many are there?")]);
  expect(both).toEqual([await ask(outside, "What is this?"), await ask(outside, "How many are there?")]);
});

test("an answer can be broken off, by leaving it and by a signal; the next one is whole", async () => {
  for await (const piece of inside.ask("What is this?", DOG)) {
    expect(piece).not.toBe("");
    break;
  }
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(collect(inside.ask("What is this?", DOG, { signal }))).rejects.toThrow("enough");
  const abort = new AbortController();
  const heard = inside.ask("What is this?", DOG, { signal: abort.signal });
  await heard.next();
  abort.abort(new Error("now"));
  await expect(heard.next()).rejects.toThrow("now");
  expect(await collect(inside.ask("What is this?", DOG))).toEqual(await collect(outside.ask("What is this?", DOG)));
});

test("what is wrong is told as outside; what cannot cross is refused by name", async () => {
  const refused = (assistant: Pick<Assistant, "ask">, options: object, picture = DOG) =>
    collect(assistant.ask("What?", picture, options)).catch((error) => `${error.name}: ${error.message}`);
  for (const [options, picture] of [
    [{ temperature: 1 }, DOG],
    [{ maxNewTokens: 0 }, DOG],
    [{}, "none.png"],
  ] as const) {
    const said = await refused(inside, options, picture);
    expect(said).toBe(await refused(outside, options, picture));
    expect(said).toMatch(/^InfimmError: /);
  }
  expect(await refused(inside, { stop: () => true })).toContain("stop cannot cross into a worker");
  expect(await refused(inside, { processors: [] })).toContain("processors cannot cross into a worker");
  const backend = outside.model.backend;
  await expect(WorkerAssistant.fromPretrained(worker, MODEL, { backend })).rejects.toThrow("a backend cannot cross");
  expect(() => serveAssistant()).toThrow("this file is for a worker");
});

test("without a worker that serves, and after its end, nobody waits for ever", async () => {
  const broken = new Worker("throw new Error('it broke')", { eval: true });
  await expect(WorkerAssistant.fromPretrained(broken, MODEL)).rejects.toThrow("worker: it broke");
  const silent = new Worker("setTimeout(() => process.exit(0), 50)", { eval: true });
  await expect(WorkerAssistant.fromPretrained(silent, MODEL)).rejects.toThrow("worker: it has ended");
  const served = new Worker(join(folder, "worker.mjs"));
  const own = await WorkerAssistant.fromPretrained(served, MODEL, { backend: "cpu" });
  const waiting = collect(own.ask("What is this?", DOG));
  await new Promise((resolve) => setTimeout(resolve, 20));
  own.dispose();
  await expect(waiting).rejects.toThrow("the assistant was disposed of");
  await expect(collect(own.ask("What is this?"))).rejects.toThrow("disposed of");
});
