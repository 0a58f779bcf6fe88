import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Assistant } from "../../generate/assistant.ts";
import { Processor } from "../../processor/processor.ts";
import { COMMIT, fakeHub, REPO } from "./fakeHub.fixture.ts";
import { HubError } from "./hubError.ts";
import { type DownloadProgress, hubFor } from "./settings.ts";
import { snapshot } from "./snapshot.ts";

const TINY = "model/infimm-tiny";
const NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors"];

let server: Awaited<ReturnType<typeof fakeHub>>;
let cacheDir: string;
beforeEach(async () => {
  const files = await Promise.all(NAMES.map(async (name) => [name, await readFile(`${TINY}/${name}`)]));
  server = await fakeHub({ ...Object.fromEntries(files), "README.md": Buffer.from("# not needed") });
  cacheDir = await mkdtemp(join(tmpdir(), "infimm-hub-"));
  for (const name of ["HF_HUB_OFFLINE", "HF_TOKEN"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_TOKEN_PATH", join(cacheDir, "no-token"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.close();
  await rm(cacheDir, { recursive: true });
});

const patience = { tries: 3, pauseMs: 1, stallMs: 10_000 };
const get = (options: object = {}) =>
  snapshot(REPO, { endpoint: server.endpoint, cacheDir, patience, onNotice: () => {}, ...options });
const downloads = () => server.requests.filter(({ path }) => !path.startsWith("/api/")).map(({ path }) => path);

describe("snapshot", () => {
  it("answers questions by a name on the hub, and tells the size first", async () => {
    const progress: DownloadProgress[] = [];
    vi.stubEnv("HF_ENDPOINT", `${server.endpoint}/`);
    vi.stubEnv("HF_HUB_CACHE", cacheDir);
    const assistant = await Assistant.fromPretrained(REPO, { onDownload: (p) => progress.push(p) });
    expect(assistant.processor.tokenizer.specialTokens).toContain("<image>");
    const totalBytes = NAMES.reduce((sum, name) => sum + server.files[name].length, 0);
    expect(progress[0]).toEqual({ repo: REPO, file: "config.json", bytes: 0, totalBytes });
    expect(progress.at(-1)).toMatchObject({ bytes: totalBytes, totalBytes });
    expect(downloads().sort()).toEqual([...NAMES].sort());
  });

  it("brings the chat templates that stand in files of their own, and uses them", async () => {
    server.files["chat_template.jinja"] = Buffer.from("plain:{{ messages[0].role }}");
    server.files["additional_chat_templates/tool use.jinja"] = Buffer.from("tools:{{ tools | length }}");
    server.files["additional_chat_templates/README.md"] = Buffer.from("# not needed");
    server.files["other/deep.jinja"] = Buffer.from("not needed");
    const processor = await Processor.fromPretrained(REPO, { endpoint: server.endpoint, cacheDir });
    expect(Object.keys(processor.chatTemplates)).toEqual(["default", "tool use"]);
    const said = [{ role: "user", content: "Hi" }];
    expect(processor.render(said).text).toBe("plain:system");
    expect(processor.render(said, { chatTemplate: "tool use", tools: [{}, {}] }).text).toBe("tools:2");
    expect(downloads().filter((path) => path.includes("needed") || path.includes("deep"))).toEqual([]);
  });

  it("lays its cache out as Python does", async () => {
    const folder = await get();
    const repo = join(cacheDir, "models--owner--tiny");
    expect(folder).toBe(join(repo, "snapshots", COMMIT));
    expect(await readFile(join(repo, "refs", "main"), "utf8")).toBe(COMMIT);
    expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(true);
    expect(await readlink(join(folder, "config.json"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(await readlink(join(folder, "model.safetensors"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect((await readdir(join(repo, "blobs"))).every((name) => !name.includes("."))).toBe(true);
  });

  it("downloads nothing twice, and a commit needs no network", async () => {
    await get();
    await get();
    expect(downloads().length).toBe(NAMES.length);
    server.close();
    expect(await get({ revision: COMMIT })).toContain(COMMIT);
    expect(await get(), "a branch, as it was").toContain(COMMIT);
    expect(await get({ offline: true })).toContain(COMMIT);
  });

  it("is offline if it is told to", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await expect(get()).rejects.toThrow(/owner\/tiny at main: is not in .*HF_HUB_OFFLINE is set/);
    expect(server.requests).toEqual([]);
  });

  it("goes on where a killed download ended", async () => {
    const controller = new AbortController();
    const onDownload = ({ bytes }: DownloadProgress) => bytes > 2e6 && controller.abort();
    await expect(get({ signal: controller.signal, onDownload })).rejects.toThrow(/abort/);
    const folder = join(cacheDir, "models--owner--tiny", "snapshots", COMMIT);
    expect(await readdir(folder)).not.toContain("model.safetensors");
    const progress: DownloadProgress[] = [];
    await get({ onDownload: (p: DownloadProgress) => progress.push(p) });
    expect(progress[0].bytes).toBeGreaterThan(1e6);
    expect(server.requests.at(-1)!.range).toMatch(/^bytes=\d{6,}-$/);
    expect((await readFile(join(folder, "model.safetensors"))).equals(server.files["model.safetensors"])).toBe(true);
  });

  it("twice at once ends in the same files", async () => {
    const folders = await Promise.all([get(), get(), get()]);
    expect(new Set(folders).size).toBe(1);
    for (const name of NAMES)
      expect((await readFile(join(folders[0], name))).equals(server.files[name]), name).toBe(true);
    const blobs = await readdir(join(cacheDir, "models--owner--tiny", "blobs"));
    expect(blobs.filter((name) => name.includes("."))).toEqual([]);
    expect(downloads().length, "each file is downloaded by one of them").toBe(NAMES.length);
  });

  it("gets an index and its shards", async () => {
    const { "model.safetensors": weights, ...rest } = server.files;
    const index = { weight_map: { a: "pytorch_model-1.bin", b: "pytorch_model-2.bin" } };
    server.files = { ...rest, "pytorch_model.bin.index.json": Buffer.from(JSON.stringify(index)) };
    await expect(get()).rejects.toThrow(/names pytorch_model-1\.bin, which the repository does not have/);
    for (const name of Object.values(index.weight_map)) server.files[name] = weights;
    const folder = await get();
    expect((await stat(join(folder, "pytorch_model-2.bin"))).size).toBe(weights.length);
    expect(
      downloads().filter((name) => name.startsWith("pytorch_model-")),
      "one blob",
    ).toHaveLength(1);
  });

  it("keeps no wrong file", async () => {
    server.mood = ({ path }, response, bytes) => path === "config.json" && !!response.end(bytes.fill(32));
    await expect(get()).rejects.toThrow(/config\.json: what .* sent is not what the hub lists/);
    expect(await readdir(join(cacheDir, "models--owner--tiny"))).toEqual(["blobs"]);
  });

  it.each<[string, () => void, RegExp]>([
    ["a repository that is none", () => void (server.apiStatus = 404), /owner\/tiny at main: the hub does not have it/],
    ["one without access", () => void (server.apiStatus = 401), /set HF_TOKEN/],
    ["a hub in trouble", () => void (server.apiStatus = 503), /status 503; try again later/],
    ["a hub that is not there", () => server.close(), /cannot be reached: .*ECONNREFUSED/],
    ["one without weights", () => void delete server.files["model.safetensors"], /has no weights/],
    ["one without a tokenizer", () => void delete server.files["tokenizer.json"], /has no tokenizer\.json/],
  ])("refuses %s by name", async (_, spoil, message) => {
    spoil();
    await expect(get()).rejects.toThrow(message);
    await expect(get()).rejects.toThrow(HubError);
  });

  it("says that there is no such folder either", async () => {
    server.apiStatus = 404;
    vi.stubEnv("HF_ENDPOINT", server.endpoint);
    await expect(Assistant.fromPretrained("no/model")).rejects.toThrow(
      /does not have it.*There is no folder no\/model here/,
    );
    await expect(Assistant.fromPretrained("nowhere/at/all")).rejects.toThrow(/no such folder/);
  });
});

describe("hubFor", () => {
  it("pins the revision of Zephyr, whose newest has no weights", () => {
    expect(hubFor("Infi-MM/infimm-zephyr").revision).toBe("0c3eccf106642be17b4d5c3cb66530097b20c072");
    expect(hubFor("Infi-MM/infimm-zephyr", { revision: "main" }).revision).toBe("main");
    expect(hubFor("owner/tiny").revision).toBe("main");
    expect(hubFor("owner/tiny@v1.0")).toMatchObject({ repo: "owner/tiny", revision: "v1.0" });
  });

  it.each(["../etc", "a/b/c", "owner", "owner/..", "/owner/name", "owner/na me", "o--w/n", "a/b@"])(
    "refuses %j",
    (name) => {
      expect(() => hubFor(name)).toThrow(HubError);
    },
  );

  it.each(["../main", "a b", "-x"])("refuses the revision %j", (revision) => {
    expect(() => hubFor(REPO, { revision })).toThrow(/not the name of a revision/);
  });
});
