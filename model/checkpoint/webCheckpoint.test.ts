import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadModel, loadProcessor } from "./pretrained.ts";
import { fakeHub, type Mood, REPO } from "./hub/fakeHub.fixture.ts";
import { Parts } from "./hub/parts.ts";
import type { DownloadProgress } from "./hub/settings.ts";
import { openWebCheckpoint } from "./webCheckpoint.ts";

const NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];

/** The browser's Cache API, as far as it is used; with `room` for that many bytes. */
function fakeCache(room = Number.POSITIVE_INFINITY) {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    async match(url: string) {
      const bytes = entries.get(url);
      return bytes && new Response(bytes as BodyInit);
    },
    async put(url: string, response: Response) {
      const bytes = new Uint8Array(await response.arrayBuffer());
      if ((room -= bytes.length) < 0) throw new DOMException("full", "QuotaExceededError");
      entries.set(url, bytes);
    },
    delete: async (url: string) => entries.delete(url),
  };
}

let server: Awaited<ReturnType<typeof fakeHub>>;
beforeEach(async () => {
  const files = await Promise.all(NAMES.map(async (name) => [name, await readFile(`model/infimm-tiny/${name}`)]));
  server = await fakeHub(Object.fromEntries(files));
});
afterEach(() => {
  server.close();
  vi.unstubAllGlobals();
});

const useCache = (cache: ReturnType<typeof fakeCache>) => vi.stubGlobal("caches", { open: async () => cache });
const open = (options: object = {}) => openWebCheckpoint(REPO, { endpoint: server.endpoint, ...options });

describe("in a browser", () => {
  it.each<[string, ReturnType<typeof fakeCache> | undefined]>([
    ["with a cache", fakeCache()],
    ["with a full cache", fakeCache(5000)],
    ["without one", undefined],
  ])("a model comes from the hub %s", async (_, cache) => {
    if (cache) useCache(cache);
    const progress: DownloadProgress[] = [];
    const checkpoint = await open({ onDownload: (p: DownloadProgress) => progress.push(p) });
    expect(progress[0]).toMatchObject({
      bytes: 0,
      totalBytes: NAMES.reduce((sum, n) => sum + server.files[n].length, 0),
    });
    const model = await loadModel(checkpoint);
    expect(model.stateDict().size).toBeGreaterThan(200);
    expect((await loadProcessor(checkpoint)).tokenizer.specialTokens).toContain("<image>");
  });

  it("its chat templates come along", async () => {
    server.files["chat_template.jinja"] = Buffer.from("one");
    server.files["additional_chat_templates/two.jinja"] = Buffer.from("two");
    expect((await loadProcessor(await open())).chatTemplates).toEqual({ default: "one", two: "two" });
  });

  it("and from the cache when the hub refuses, with a line that says so", async () => {
    const cache = fakeCache();
    useCache(cache);
    await loadModel(await open());
    const notices: string[] = [];
    const onNotice = (line: string) => void notices.push(line);
    server.apiStatus = 401;
    await loadModel(await open({ onNotice }));
    server.close();
    await loadModel(await open({ onNotice }));
    expect(notices).toEqual([
      expect.stringMatching(/refuses access.*is used$/),
      expect.stringMatching(/cannot be reached/),
    ]);
    cache.entries.clear();
    const patience = { tries: 1, pauseMs: 1, stallMs: 300 };
    await expect(open({ onNotice, patience })).rejects.toThrow(/cannot be reached/);
  });

  it("and the second time from the cache", async () => {
    useCache(fakeCache());
    await loadModel(await open());
    const count = () => server.requests.filter(({ path }) => path === "model.safetensors").length;
    expect(count()).toBe(1);
    await loadModel(await open());
    expect(count()).toBe(1);
  });

  it("by the address of a folder", async () => {
    const checkpoint = await openWebCheckpoint(`${server.endpoint}/${REPO}/resolve/${"c".repeat(40)}/`);
    expect((await loadModel(checkpoint)).config.model_type).toContain("infimm");
    await expect(checkpoint.json("none.json", "file")).rejects.toThrow(/has no none\.json/);
    server.close();
    await expect((await openWebCheckpoint(server.endpoint)).json("x.json", "x")).rejects.toThrow(/cannot be reached/);
  });

  it("PyTorch files are refused, with what to do", async () => {
    const { "model.safetensors": weights, ...rest } = server.files;
    server.files = { ...rest, "pytorch_model.bin": weights };
    await expect(loadModel(await open())).rejects.toThrow(/browsers read safetensors only.*infimm convert/);
  });
});

it("Parts go on with what an earlier visit left, and throw away what is wrong", async () => {
  const cache = fakeCache();
  const file = {
    path: "f",
    size: 10,
    url: "https://hub/f",
    digest: { algorithm: "git" as const, hex: "9ae9e86b7bd6cb1472d9373702d8249973da0832" },
  };
  const openParts = () => Parts.open(file, cache as unknown as Cache, 4);
  const first = await openParts();
  await first.append(new TextEncoder().encode("01234"));
  await first.append(new TextEncoder().encode("567")); // not yet a part: lost with the page
  const second = await openParts();
  expect(second.size).toBe(5);
  await second.append(new TextEncoder().encode("56789"));
  expect(await second.isChecked()).toBe(false);
  expect(await second.digest()).toBe("ad471007bd7f5983d273b9584e5629230150fd54"); // printf 0123456789 | git hash-object --stdin
  expect(await (await second.finish()).text()).toBe("0123456789");
  expect(await (await openParts()).isChecked()).toBe(true);
  await second.restart();
  expect((await openParts()).size).toBe(0);
});

it("a wrong file is not kept", async () => {
  const cache = fakeCache();
  useCache(cache);
  const mood: Mood = ({ path }, response, bytes) => path === "model.safetensors" && !!response.end(bytes.fill(0));
  server.mood = mood;
  await expect(loadModel(await open())).rejects.toThrow(/its digest differs/);
  expect([...cache.entries.keys()].filter((url) => url.includes("model.safetensors"))).toEqual([]);
});
