import { spawn } from "node:child_process";
import { InfimmError } from "../../core/errors.ts";

/** What a program of the user's writes to standard output when it reads `input`. `what` is how the messages call it. */
export function runCommand(command: string, input: string, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece));
    child.on("error", (cause) => reject(new InfimmError(`${what} ${command}: ${cause.message}`, { cause })));
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new InfimmError(`${what} ${command}: it ended with exit code ${code}`));
    });
    child.stdin.on("error", () => {}); // it may answer without reading all
    child.stdin.end(input);
  });
}
