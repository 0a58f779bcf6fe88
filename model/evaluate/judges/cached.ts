import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { dropCutLine } from "../itemsFile.ts";
import { jsonlEntries } from "../data/entries.ts";
import { type Judge, type JudgeRequest, requestDigest } from "./judge.ts";

/** How many requests a judge gets at a time: what it has answered is kept even if the next fails. */
const PORTION = 16;

/** A judge that is asked the same only once: answers are kept in a file, by judge and request. */
export function cachedJudge(judge: Judge, path: string): Judge {
  return {
    name: judge.name,
    async ask(requests) {
      const known = await answersIn(path, judge.name);
      const asked = new Map(requests.map((request) => [requestDigest(request), request]));
      const missing = [...asked].filter(([digest]) => !known.has(digest));
      for (let i = 0; i < missing.length; i += PORTION) {
        const portion = missing.slice(i, i + PORTION);
        const answers = await judge.ask(portion.map(([, request]) => request));
        const lines = portion.map(([digest], k) => JSON.stringify({ judge: judge.name, digest, answer: answers[k] }));
        await appendFile(path, lines.map((line) => `${line}\n`).join(""));
        for (const [k, [digest]] of portion.entries()) known.set(digest, answers[k]);
      }
      return requests.map((request: JudgeRequest) => known.get(requestDigest(request)) as string);
    },
  };
}

async function answersIn(path: string, judge: string): Promise<Map<string, string>> {
  if (!existsSync(path)) return new Map();
  await dropCutLine(path);
  const entries = await jsonlEntries(path);
  return new Map(
    entries
      .filter(({ value }) => value.judge === judge)
      .map(({ value }) => [String(value.digest), String(value.answer)]),
  );
}
