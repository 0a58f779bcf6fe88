import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeHub, REPO } from "../../model/checkpoint/hub/fakeHub.fixture.ts";
import { openPage, testBrowser } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";

declare global {
  var hub: typeof import("./hub.ts").hub;
}

const browser = await testBrowser();
const TINY = "model/infimm-tiny";
const NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];

describe.skipIf(!browser)("in a real browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "infimm-browser-hub-"));
  let served: Served;
  let server: Awaited<ReturnType<typeof fakeHub>>;
  beforeAll(async () => {
    await build({
      configFile: false,
      root: import.meta.dirname,
      logLevel: "error",
      build: { outDir: folder, rolldownOptions: { input: resolve(import.meta.dirname, "hub.html") } },
    });
    served = await serve({ "": folder, tiny: TINY }, false);
    server = await fakeHub(Object.fromEntries(NAMES.map((name) => [name, readFileSync(`${TINY}/${name}`)])));
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await served?.close();
    rmSync(folder, { recursive: true });
  });

  async function ask(source: string) {
    const { page, complaints } = await openPage(browser!, `${served.url}/hub.html`);
    await page.waitForFunction(() => "hub" in globalThis);
    const asked = () =>
      page.evaluate(([s, e]) => hub.ask(s, e, "/tiny/pictures/dog.png", "What is this?"), [source, server.endpoint]);
    const [first, second] = [await asked(), await asked()];
    await page.close();
    return { first, second, complaints };
  }

  it("a model by its name on the hub answers, and is downloaded once, though the connection is cut", async () => {
    server.mood = ({ path, nth, start }, response, bytes) => {
      if (path !== "model.safetensors" || nth > 0) return false;
      response.writeHead(200, { "Content-Length": bytes.length });
      return response.write(bytes.subarray(start, 2_000_000), () => setTimeout(() => response.destroy(), 50)) || true;
    };
    const { first, second } = await ask(REPO);
    expect(first).toEqual({ answer: "A dog.", before: 0 });
    const total = NAMES.reduce((sum, name) => sum + server.files[name].length, 0);
    expect(second).toEqual({ answer: "A dog.", before: total });
    const requests = server.requests.filter(({ path }) => path === "model.safetensors");
    expect(requests.map(({ range }) => range?.replace(/\d+/, "N"))).toEqual([undefined, "bytes=N-"]);
    expect(requests[0].authorization).toBe("Bearer secret");
  });

  it("and by the address of its folder", async () => {
    const { first, complaints } = await ask(`${served.url}/tiny`);
    expect(first.answer).toBe("A dog.");
    expect(complaints).toEqual([]);
  });
});
