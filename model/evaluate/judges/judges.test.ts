import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { gradesOf } from "../tasks/graded.ts";
import { cachedJudge } from "./cached.ts";
import { commandJudge } from "./command.ts";
import { fileJudge } from "./file.ts";
import { httpJudge } from "./http.ts";
import { NO_JUDGE } from "./none.ts";

const root = mkdtempSync(join(tmpdir(), "infimm-judges-"));
afterAll(() => rmSync(root, { recursive: true }));
const request = (prompt: string) => ({ prompt, maxTokens: 4, temperature: 0 });

it("none judges nothing, and says so", async () => {
  expect(await NO_JUDGE.ask([])).toEqual([]);
  await expect(NO_JUDGE.ask([request("a")])).rejects.toThrow(/1 answers need a judge/);
});

it("a file: questions go out, and answers come in", async () => {
  const [requests, answers] = ["requests.jsonl", "answers.jsonl"].map((name) => join(root, name));
  const judge = fileJudge(requests, answers);
  await expect(judge.ask([request("a"), request("b")])).rejects.toThrow(/2 judgements are missing/);
  const asked = readFileSync(requests, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(asked.map(({ prompt }) => prompt)).toEqual(["a", "b"]);
  writeFileSync(
    answers,
    asked.map(({ digest, prompt }) => `${JSON.stringify({ digest, answer: `${prompt}!` })}\n`).join(""),
  );
  expect(await judge.ask([request("b"), request("a")])).toEqual(["b!", "a!"]);
  const [first] = readFileSync(answers, "utf8").split("\n");
  writeFileSync(answers, `${first}\n${first}\n`);
  await expect(judge.ask([request("a")])).rejects.toThrow(
    /answers.jsonl, line 2: id \w+ was there before, at .*line 1/,
  );
  appendFileSync(answers, "{");
  await expect(judge.ask([request("a")])).rejects.toThrow(/answers.jsonl, line 3: not JSON/);
});

it("a command gets the request, and its answers are kept", async () => {
  const script = join(root, "judge.mjs");
  const asked = join(root, "asked");
  writeFileSync(asked, "");
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync } from "node:fs";
     const { prompt } = JSON.parse(readFileSync(0, "utf8"));
     appendFileSync(${JSON.stringify(asked)}, prompt);
     console.log(prompt.toUpperCase());`,
  );
  const judge = cachedJudge(commandJudge(`node ${script}`), join(root, "cache.jsonl"));
  expect(await judge.ask([request("a"), request("b"), request("a")])).toEqual(["A", "B", "A"]);
  expect(await judge.ask([request("b")])).toEqual(["B"]);
  appendFileSync(join(root, "cache.jsonl"), '{"judge": "comm'); // killed while it was written
  expect(await judge.ask([request("b"), request("c")])).toEqual(["B", "C"]);
  expect(await judge.ask([request("c")])).toEqual(["C"]);
  expect(readFileSync(asked, "utf8")).toBe("abc");
  await expect(commandJudge("exit 3").ask([request("a")])).rejects.toThrow(/exit code 3/);
});

it("an address that the user names; grades that are none are asked again, warmer", async () => {
  const bodies: { temperature: number; model: string; messages: { content: string }[] }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let text = "";
    for await (const piece of incoming) text += piece;
    const body = JSON.parse(text);
    bodies.push(body);
    const content = body.temperature === 0 && body.messages[0].content === "b" ? "none" : "0.7 | right";
    outgoing.end(JSON.stringify({ choices: [{ message: { content } }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const judge = httpJudge(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, { model: "m", key: "k" });
  expect(await gradesOf(judge, ["a", "b"])).toEqual([0.7, 0.7]);
  expect(bodies.map(({ temperature }) => temperature)).toEqual([0, 0, 0.5]);
  expect(bodies[0].model).toBe("m");
  server.close();
  await expect(judge.ask([request("a")])).rejects.toThrow(/3 tries/);
});
