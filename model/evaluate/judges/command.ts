import { runCommand } from "../runCommand.ts";
import type { Judge } from "./judge.ts";

/** A program of the user's: it gets a request as JSON on standard input, and answers on standard output. */
export function commandJudge(command: string): Judge {
  return {
    name: `command ${command}`,
    async ask(requests) {
      const answers: string[] = [];
      for (const request of requests) {
        answers.push((await runCommand(command, JSON.stringify(request), "judge")).trim());
      }
      return answers;
    },
  };
}
