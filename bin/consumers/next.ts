import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { InfimmError } from "../../core/errors.ts";
import { NEXT_APP } from "./apps.ts";
import { checkAnswer } from "./checkAnswer.ts";
import { resultInPage } from "./inPage.ts";
import type { Consumer } from "./project.ts";

/** Next, by its own bundler: a page that answers on the server, and one that answers in the browser. */
export const NEXT: Consumer = {
  name: "Next 16",
  packages: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
  async run(project) {
    for (const [name, text] of Object.entries(NEXT_APP)) project.write(name, text);
    const program = project.path("node_modules/next/dist/bin/next");
    project.exec("node", program, "build");
    const port = await freePort();
    const server = spawn("node", [program, "start", "-p", String(port)], { cwd: project.folder, stdio: "pipe" });
    try {
      await ready(server);
      const page = await (await fetch(`http://127.0.0.1:${port}/server`)).text();
      const [, json = "{}"] = /<pre>(.*?)<\/pre>/.exec(page) ?? [];
      const server_ = checkAnswer(json.replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replaceAll("\n", " "));
      return `server: ${server_} client: ${await resultInPage(`http://127.0.0.1:${port}/client`)}`;
    } finally {
      server.kill();
      await once(server, "exit");
    }
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Until it says that it is. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (text: Buffer) => {
      said += text;
      if (/ready in/i.test(said)) resolve();
    };
    server.stdout!.on("data", hear);
    server.stderr!.on("data", hear);
    server.once("exit", () => reject(new InfimmError(`next start: ${said}`)));
  });
}
