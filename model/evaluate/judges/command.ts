import { spawn } from "node:child_process";
import { InfimmError } from "../../../core/errors.ts";
import type { Judge, JudgeRequest } from "./judge.ts";

/** A program of the user's: it gets a request as JSON on standard input, and answers on standard output. */
export function commandJudge(command: string): Judge {
  return {
    name: `command ${command}`,
    async ask(requests) {
      const answers: string[] = [];
      for (const request of requests) answers.push(await run(command, request));
      return answers;
    },
  };
}

function run(command: string, request: JudgeRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ["pipe", "pipe", "inherit"] });
    let answer = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (answer += piece));
    child.on("error", (cause) => reject(new InfimmError(`judge ${command}: ${cause.message}`, { cause })));
    child.on("close", (code) => {
      if (code === 0) resolve(answer.trim());
      else reject(new InfimmError(`judge ${command}: it ended with exit code ${code}`));
    });
    child.stdin.on("error", () => {}); // it may answer without reading all
    child.stdin.end(JSON.stringify(request));
  });
}
