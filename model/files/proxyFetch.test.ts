import { afterEach, describe, expect, it, vi } from "vitest";
import { fakeHub, REPO, sendRange } from "../checkpoint/hub/fakeHub.fixture.ts";
import { snapshot } from "../checkpoint/hub/snapshot.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { makePng, synthetic } from "../processor/pictures/png.fixture.ts";
import { envFetch } from "./envFetch.ts";
import { fakeProxy } from "./fakeProxy.fixture.ts";
import { LOCALHOST } from "./localhost.fixture.ts";
import { proxyFor } from "./proxyFor.ts";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("proxyFor", () => {
  const PROXY = "http://proxy:3128";
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ["none", "https://hub.co/a", {}, undefined],
    ["https", "https://hub.co/a", { HTTPS_PROXY: PROXY }, "proxy:3128"],
    ["https, in lower case", "https://hub.co/a", { https_proxy: PROXY }, "proxy:3128"],
    ["https, in lower case first", "https://hub.co/a", { https_proxy: PROXY, HTTPS_PROXY: "http://b:1" }, "proxy:3128"],
    ["an empty one", "https://hub.co/a", { https_proxy: "", HTTPS_PROXY: "" }, undefined],
    ["http's is not https's", "https://hub.co/a", { HTTP_PROXY: PROXY }, undefined],
    ["http", "http://hub.co/a", { HTTP_PROXY: PROXY, HTTPS_PROXY: "http://b:1" }, "proxy:3128"],
    ["all", "http://hub.co/a", { ALL_PROXY: PROXY }, "proxy:3128"],
    ["without a scheme", "https://hub.co/a", { HTTPS_PROXY: "proxy:3128" }, "proxy:3128"],
    ["an exempt host", "https://hub.co/a", { HTTPS_PROXY: PROXY, NO_PROXY: "other,hub.co" }, undefined],
    ["a host in an exempt domain", "https://cdn.hub.co/a", { HTTPS_PROXY: PROXY, no_proxy: ".hub.co" }, undefined],
    ["with a star", "https://cdn.hub.co/a", { HTTPS_PROXY: PROXY, no_proxy: "*.hub.co" }, undefined],
    ["a host that only ends alike", "https://myhub.co/a", { HTTPS_PROXY: PROXY, no_proxy: "hub.co" }, "proxy:3128"],
    ["an exempt port", "https://hub.co/a", { HTTPS_PROXY: PROXY, no_proxy: "hub.co:443" }, undefined],
    ["another port", "https://hub.co/a", { HTTPS_PROXY: PROXY, no_proxy: "hub.co:8443" }, "proxy:3128"],
    ["an exempt IPv6 host", "http://[::1]:80/a", { HTTP_PROXY: PROXY, no_proxy: "::1" }, undefined],
    ["one in brackets", "http://[::1]:81/a", { HTTP_PROXY: PROXY, no_proxy: "[::1]:81" }, undefined],
    ["in an exempt network", "http://10.1.255.255/a", { HTTP_PROXY: PROXY, no_proxy: "10.0.0.0/15" }, undefined],
    ["just beyond it", "http://10.2.0.0/a", { HTTP_PROXY: PROXY, no_proxy: "10.0.0.0/15" }, "proxy:3128"],
    ["in a network of one", "http://10.1.2.3/a", { HTTP_PROXY: PROXY, no_proxy: "a.b, 10.1.2.3/32" }, undefined],
    ["in an exempt IPv6 network", "http://[fd00:1::7]/a", { HTTP_PROXY: PROXY, no_proxy: "fd00::/8" }, undefined],
    ["beyond it", "http://[fe00::7]/a", { HTTP_PROXY: PROXY, no_proxy: "fd00::/8" }, "proxy:3128"],
    ["a name is in no network", "http://hub.co/a", { HTTP_PROXY: PROXY, no_proxy: "0.0.0.0/0,::/0" }, "proxy:3128"],
    ["no network", "http://10.1.2.3/a", { HTTP_PROXY: PROXY, no_proxy: "10.0.0.0/33,10.0.0.0/,10/8" }, "proxy:3128"],
    ["everything exempt", "https://hub.co/a", { HTTPS_PROXY: PROXY, no_proxy: "*" }, undefined],
  ])("%s", (_, url, env, host) => {
    expect(proxyFor(new URL(url), env)?.host).toBe(host);
  });

  it("refuses what is no http proxy, without showing it", () => {
    const refused = (text: string) => () => proxyFor(new URL("https://hub.co"), { HTTPS_PROXY: text });
    expect(refused("socks5://me:secret@h:1")).toThrow("HTTPS_PROXY is a proxy of the kind socks5://; expected http://");
    expect(refused("http://me:secret@")).toThrow(/^HTTPS_PROXY is no address; expected http:/);
  });
});

describe("by way of a proxy", () => {
  const open: { close(): void }[] = [];
  const started = async <T extends { close(): void }>(one: Promise<T>): Promise<T> => {
    open.push(await one);
    return one;
  };
  const use = (name: string, proxy: { url: string }) => vi.stubEnv(name, proxy.url);
  const trustAnybody = () => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const one of open.splice(0)) one.close();
  });
  const causeOf = (error: TypeError) => (error.cause as Error).message;

  it("a model comes from an https hub through a tunnel, and the proxy sees no more than the host", async () => {
    const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
    const files = await Promise.all(names.map(async (name) => [name, await readFile(`model/infimm-tiny/${name}`)]));
    const hub = await started(fakeHub(Object.fromEntries(files), LOCALHOST));
    const proxy = await started(fakeProxy("me:p@ss"));
    trustAnybody();
    vi.stubEnv("HTTPS_PROXY", proxy.url.replace("p@ss", "p%40ss"));
    const cacheDir = await mkdtemp(join(tmpdir(), "infimm-proxy-"));
    const folder = await snapshot(REPO, { endpoint: hub.endpoint, cacheDir, token: "hf_secret" });
    expect((await readFile(join(folder, "model.safetensors"))).equals(hub.files["model.safetensors"])).toBe(true);
    await rm(cacheDir, { recursive: true });
    expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${hub.endpoint.slice("https://".length)}`]));
    expect(proxy.seen.length).toBe(hub.requests.length);
    expect(new Set(hub.requests.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_secret"]));
  });

  it("pictures come, too; hosts in NO_PROXY are asked directly", async () => {
    const hub = await started(
      fakeHub({ "a.png": makePng({ width: 2, height: 1, depth: 8, colorType: 0, rows: synthetic(2, 1, 1) }) }),
    );
    const proxy = await started(fakeProxy());
    use("http_proxy", proxy);
    const url = `${hub.endpoint}/${REPO}/resolve/${hub.commit}/a.png`;
    expect((await readPicture(url)).width).toBe(2);
    expect(proxy.seen).toEqual([`GET ${url}`]);
    vi.stubEnv("no_proxy", "127.0.0.1");
    expect((await readPicture(url)).width).toBe(2);
    expect(proxy.seen.length).toBe(1);
  });

  it("a redirect to another host takes no token along", async () => {
    const hub = await started(fakeHub({ a: Buffer.from("1") }, LOCALHOST));
    const other = await started(fakeHub({ b: Buffer.from("2") }, LOCALHOST));
    const proxy = await started(fakeProxy());
    trustAnybody();
    use("HTTPS_PROXY", proxy);
    const path = (name: string) => `/${REPO}/resolve/${hub.commit}/${name}`;
    hub.mood = ({ nth }, answer) => {
      const location = nth === 0 ? path("a") : other.endpoint + path("b");
      return !!answer.writeHead(302, { Location: location }).end();
    };
    const response = await envFetch(hub.endpoint + path("a"), {
      headers: { Authorization: "Bearer hf_secret", Range: "bytes=0-" },
    });
    expect([await response.text(), response.url]).toEqual(["2", other.endpoint + path("b")]);
    expect(hub.requests.map(({ authorization }) => authorization)).toEqual(["Bearer hf_secret", "Bearer hf_secret"]);
    expect(other.requests).toMatchObject([{ authorization: undefined, range: "bytes=0-" }]);
    hub.mood = (_, answer) => !!answer.writeHead(302, { Location: path("a") }).end();
    await expect(envFetch(hub.endpoint + path("a"))).rejects.toThrow(TypeError);
  });

  it("what goes wrong is a TypeError, as of fetch, that names the proxy and shows no password", async () => {
    const proxy = await started(fakeProxy("me:right"));
    trustAnybody();
    vi.stubEnv("HTTPS_PROXY", proxy.url.replace("right", "wrong"));
    const error: TypeError = await envFetch("https://127.0.0.1:9/a").then(
      () => expect.unreachable(),
      (e) => e,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(causeOf(error)).toBe(
      `the proxy ${proxy.host} answers 407 Proxy Authentication Required to CONNECT 127.0.0.1:9`,
    );
    vi.stubEnv("HTTPS_PROXY", "http://me:secret@127.0.0.1:1");
    const unreachable: TypeError = await envFetch("https://hub.co/a").then(
      () => expect.unreachable(),
      (e) => e,
    );
    expect(causeOf(unreachable)).toBe("the proxy 127.0.0.1:1 cannot be reached: ECONNREFUSED");
  });

  it("a body that breaks off is a TypeError, and one that is aborted the signal's reason", async () => {
    const hub = await started(fakeHub({ a: Buffer.alloc(1000) }));
    use("HTTP_PROXY", await started(fakeProxy()));
    const url = `${hub.endpoint}/${REPO}/resolve/${hub.commit}/a`;
    hub.mood = (_, answer) => {
      answer.writeHead(200, { "Content-Length": 1000 });
      answer.write("half", () => setTimeout(() => answer.destroy(), 20));
      return true;
    };
    await expect((await envFetch(url)).text()).rejects.toThrow(TypeError);
    const stop = new AbortController();
    hub.mood = (_, answer, bytes) => {
      stop.abort();
      return sendRange(answer, bytes, 0);
    };
    await expect(envFetch(url, { signal: stop.signal })).rejects.toThrow(/abort/);
    await expect(envFetch(url, { signal: stop.signal })).rejects.not.toThrow(TypeError);
  });
});
