import { existsSync } from "node:fs";
import { InfimmError } from "../../../core/errors.ts";
import { writeText } from "../../files/writeWhole.ts";
import { byId, jsonlEntries } from "../data/entries.ts";
import { type Judge, requestDigest } from "./judge.ts";

/**
 * Judging elsewhere: questions without an answer are written to `requests`, one JSON object a line with `digest`, and
 * answers are read from `answers`: `{"digest": "…", "answer": "…"}` a line. Score again once they are there.
 */
export function fileJudge(requests: string, answers: string): Judge {
  return {
    name: "file",
    async ask(asked) {
      const given = existsSync(answers) ? await jsonlEntries(answers) : [];
      const entries = byId(given, (entry) => entry.text("digest"));
      const known = new Map([...entries].map(([digest, entry]) => [digest, entry.string("answer")]));
      const open = asked.filter((request) => !known.has(requestDigest(request)));
      if (open.length > 0) {
        const lines = open.map((request) => `${JSON.stringify({ digest: requestDigest(request), ...request })}\n`);
        await writeText(requests, lines.join(""));
        throw new InfimmError(
          `${open.length} judgements are missing. Their questions are in ${requests}; write the answers to ${answers}, ` +
            'a line each: {"digest": "...", "answer": "..."}, and score again',
        );
      }
      return asked.map((request) => known.get(requestDigest(request)) as string);
    },
  };
}
