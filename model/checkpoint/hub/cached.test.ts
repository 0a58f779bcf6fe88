import type * as FileSystem from "node:fs/promises";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMIT, fakeHub, REPO } from "./fakeHub.fixture.ts";
import { HubError } from "./hubError.ts";
import { hubFor } from "./settings.ts";
import { snapshot } from "./snapshot.ts";

/** As on a read-only disk; tests often run as root, whom no permission stops. */
let isReadOnly = false;
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  const refuse = () =>
    Promise.reject(Object.assign(new Error("EROFS: read-only file system, open"), { code: "EROFS", syscall: "open" }));
  const writing = <F extends (...args: never[]) => Promise<unknown>>(write: F, always = true) =>
    ((...args: Parameters<F>) =>
      isReadOnly && (always || /[wa+]/.test(String(args[1] ?? "r"))) ? refuse() : write(...args)) as F;
  const { mkdir, rename, symlink, copyFile, open } = real;
  return {
    ...real,
    mkdir: writing(mkdir),
    rename: writing(rename),
    symlink: writing(symlink),
    copyFile: writing(copyFile),
    open: writing(open, false),
  };
});

const NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors"];
const PATIENCE = { tries: 3, pauseMs: 1, stallMs: 300 };

let server: Awaited<ReturnType<typeof fakeHub>>;
let cacheDir: string;
beforeEach(async () => {
  server = await fakeHub(Object.fromEntries(NAMES.map((name) => [name, Buffer.from(name)])));
  cacheDir = await mkdtemp(join(tmpdir(), "infimm-cached-"));
  for (const name of ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_TOKEN_PATH", join(cacheDir, "token"));
});
afterEach(async () => {
  isReadOnly = false;
  vi.unstubAllEnvs();
  server.close();
  await rm(cacheDir, { recursive: true });
});

const notices: string[] = [];
const get = (options: object = {}) => {
  notices.length = 0;
  const onNotice = (line: string) => void notices.push(line);
  return snapshot(REPO, { endpoint: server.endpoint, cacheDir, patience: PATIENCE, onNotice, ...options });
};
const lists = () => server.requests.filter(({ path }) => path.startsWith("/api/")).length;

describe("what is in the cache is used, and a line says why, if the hub", () => {
  it.each([
    [401, /owner\/tiny at main: the hub refuses access/],
    [403, /refuses access/],
    [404, /does not have it/],
    [410, /does not have it/],
    [418, /status 418/],
    [429, /too often/],
    [500, /status 500/],
    [503, /status 503/],
  ])("answers %i", async (status, why) => {
    await get();
    server.apiStatus = status;
    const before = lists();
    expect(await get({ token: "hf_secret" })).toBe(join(cacheDir, "models--owner--tiny", "snapshots", COMMIT));
    expect(notices).toEqual([expect.stringMatching(why)]);
    expect(notices[0]).toMatch(/The copy in the cache is used, of commit cccccccc$/);
    expect(notices[0]).not.toMatch(/secret|\n/);
    expect(lists() - before, "it is not asked for long").toBe(1);
  });

  it("does not answer, answers strangely, or cannot be written to", async () => {
    await get();
    server.apiHeaders = { "Content-Type": "text/html" };
    server.commit = "a login page";
    await get();
    expect(notices).toEqual([expect.stringMatching(/does not answer as a hub does/)]);
    server.close();
    await get();
    expect(notices).toEqual([expect.stringMatching(/cannot be reached: .*ECONNREFUSED/)]);
  });

  it("has something new, and the cache is read-only", async () => {
    await get();
    isReadOnly = true;
    await get();
    expect(notices, "nothing is to be written").toEqual([]);
    server.files["config.json"] = Buffer.concat([server.files["config.json"], Buffer.from("\n")]);
    server.commit = "d".repeat(40);
    expect(await get()).toContain(COMMIT);
    expect(notices).toEqual([expect.stringMatching(/models--owner--tiny cannot be written; set HF_HOME/)]);
  });
});

describe("it is not used", () => {
  it("if the hub has no such revision any more", async () => {
    await get();
    server.apiStatus = 404;
    server.apiHeaders = { "X-Error-Code": "RevisionNotFound" };
    await expect(get()).rejects.toThrow(/does not have it/);
  });

  it("if it is not whole", async () => {
    const folder = await get();
    await rm(join(folder, "model.safetensors"));
    server.apiStatus = 401;
    await expect(get()).rejects.toThrow(/refuses access/);
    expect(notices).toEqual([]);
  });

  it("if it is read-only and empty: then that is said", async () => {
    isReadOnly = true;
    await expect(get()).rejects.toThrow(/models--owner--tiny cannot be written; set HF_HOME/);
    await expect(get()).rejects.toThrow(HubError);
  });
});

describe("the listing", () => {
  it.each([
    [429, "0"],
    [500, undefined],
    [503, new Date(0).toUTCString()],
  ])("is tried again after %i", async (status, after) => {
    server.apiStatuses = [status, 200, status];
    if (after) server.apiHeaders = { "Retry-After": after };
    await get();
    expect(lists()).toBe(5); // a refusal; the commit and a refusal; the commit and the files
  });

  it("waits as long as it is asked to", async () => {
    server.apiStatuses = [429];
    server.apiHeaders = { "Retry-After": "1" };
    const began = performance.now();
    await get();
    expect(performance.now() - began).toBeGreaterThan(990);
  });

  it.each([401, 403, 404, 418])("is not tried again after %i", async (status) => {
    server.apiStatus = status;
    await expect(get()).rejects.toThrow(HubError);
    expect(lists()).toBe(1);
  });
});

describe("the token", () => {
  const sent = async (options: object = {}) => {
    server.requests.length = 0;
    await get(options);
    return server.requests[0].authorization;
  };

  it("is that of hf auth login, unless the environment or an option says another", async () => {
    expect(await sent()).toBeUndefined();
    await writeFile(join(cacheDir, "token"), "hf_stored\n");
    expect(await sent()).toBe("Bearer hf_stored");
    vi.stubEnv("HUGGING_FACE_HUB_TOKEN", "hf_old");
    expect(await sent()).toBe("Bearer hf_old");
    vi.stubEnv("HF_TOKEN", " hf_env\n");
    expect(await sent()).toBe("Bearer hf_env");
    expect(await sent({ token: "hf_option" })).toBe("Bearer hf_option");
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    expect(await sent()).toBeUndefined();
    expect(await sent({ token: "hf_option" })).toBe("Bearer hf_option");
    vi.stubEnv("HF_TOKEN", "");
    vi.stubEnv("HUGGING_FACE_HUB_TOKEN", "");
    expect(await sent()).toBeUndefined();
  });

  it("is found in HF_HOME, with ~ and variables filled in", async () => {
    vi.stubEnv("HF_TOKEN_PATH", "");
    vi.stubEnv("HOME", cacheDir);
    vi.stubEnv("PLACE", "place");
    await mkdir(join(cacheDir, "place"));
    await writeFile(join(cacheDir, "place", "token"), "hf_home");
    for (const home of ["~/place", `${cacheDir}/$PLACE`, `${cacheDir}/\${PLACE}`]) {
      vi.stubEnv("HF_HOME", home);
      expect(await sent(), home).toBe("Bearer hf_home");
    }
  });

  it("is shown in no message", async () => {
    const strange = "hf_\u2028secret";
    await expect(get({ token: strange })).rejects.toThrow(
      "the token for the hub has characters in it that no token has",
    );
    await writeFile(join(cacheDir, "token"), "hf secret");
    await expect(get()).rejects.not.toThrow(/secret/);
    for (const endpoint of ["https://me:secret@hub.co", "ftp://hub.co", "hub.co"])
      expect(() => hubFor(REPO, { endpoint })).toThrow(/HF_ENDPOINT\) (?!.*secret)/);
  });
});
