import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download } from "./download.ts";
import { fakeHub, type Mood, sendRange } from "./fakeHub.fixture.ts";
import { openFileSink } from "./fileSink.ts";
import { HubError } from "./hubError.ts";
import { listRepository, type RemoteFile } from "./listing.ts";
import { hubFor } from "./settings.ts";

const BYTES = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3));
const HALF = 140_000;
const PATIENCE = { tries: 3, pauseMs: 1, stallMs: 300 };

let server: Awaited<ReturnType<typeof fakeHub>>;
let folder: string;
let path: string;
beforeEach(async () => {
  server = await fakeHub({ "big.bin": BYTES, "small.json": Buffer.from("{}"), empty: Buffer.alloc(0) });
  folder = await mkdtemp(join(tmpdir(), "infimm-download-"));
  path = join(folder, "file.incomplete");
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function get(mood: Mood = () => false, name = "big.bin", signal?: AbortSignal): Promise<Buffer> {
  server.mood = mood;
  const hub = hubFor("owner/tiny", { endpoint: server.endpoint, signal, token: "secret" });
  const file = (await listRepository(hub)).files.find((f) => f.path === name)!;
  await run(hub, file);
  return readFile(path);
}

/** Whether the whole, right file has come. */
const right = async (mood?: Mood): Promise<boolean> => (await get(mood)).equals(BYTES);

async function run(hub: ReturnType<typeof hubFor>, file: RemoteFile): Promise<void> {
  const sink = await openFileSink(path, file);
  try {
    await download(hub, file, sink, () => {}, PATIENCE);
  } finally {
    await sink.close();
  }
}

/** Sends the beginning, and hangs up. */
const cut = (response: Parameters<Mood>[1], bytes: Buffer, start: number, end: number): boolean => {
  response.writeHead(start ? 206 : 200, {
    "Content-Length": bytes.length - start,
    ETag: '"one"',
    ...(start && { "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.write(bytes.subarray(start, end), () => setTimeout(() => response.destroy(), 5));
  return true;
};

const rangesOf = () => server.requests.filter((r) => r.path === "big.bin").map((r) => r.range);

describe("a download ends in the right file when the server", () => {
  it("behaves", async () => {
    expect(await right()).toBe(true);
    expect(server.requests.at(-1)!.authorization).toBe("Bearer secret");
    expect((await get(() => false, "small.json")).toString()).toBe("{}");
  });

  it("sends nothing, of an empty file", async () => {
    expect((await get(() => false, "empty")).length).toBe(0);
  });

  it("cuts the connection, more often than we are patient, as long as something comes", async () => {
    expect(
      await right(({ start, nth }, response, bytes) => nth < 6 && cut(response, bytes, start, start + 30_000)),
    ).toBe(true);
    expect(rangesOf().length).toBeGreaterThan(4);
    expect(rangesOf().at(-1)).toMatch(/^bytes=[1-9]\d+-$/);
  });

  it("cuts, and then ignores ranges", async () => {
    expect(
      await right(({ nth }, response, bytes) => {
        if (nth === 0) return cut(response, bytes, 0, HALF);
        sendRange(response, bytes, 0);
        return true;
      }),
    ).toBe(true);
  });

  it("cuts, and then sends another range than was asked for", async () => {
    expect(
      await right(({ nth, start }, response, bytes) => {
        if (nth === 0) return cut(response, bytes, 0, HALF);
        if (nth === 1) sendRange(response, bytes, start + 10);
        return nth === 1;
      }),
    ).toBe(true);
  });

  it("cuts, and the file is another one then", async () => {
    const old = Buffer.alloc(BYTES.length, 1);
    expect(
      await right(({ nth, start }, response, bytes) => {
        if (nth === 0) return cut(response, old, 0, HALF);
        sendRange(response, bytes, start, { ETag: '"two"' });
        return true;
      }),
    ).toBe(true);
  });

  it("stalls", async () => {
    expect(
      await right(({ nth }, response, bytes) => {
        if (nth > 0) return false;
        response.writeHead(200, { "Content-Length": bytes.length });
        response.write(bytes.subarray(0, HALF));
        return true;
      }),
    ).toBe(true);
  });

  it.each([429, 500, 502, 503, 408])("answers %i for a while", async (status) => {
    expect(
      await right(({ nth }, response) => nth < 2 && !!response.writeHead(status, { "Retry-After": "0" }).end()),
    ).toBe(true);
  });

  it("says that a range cannot be had", async () => {
    await writeFile(path, Buffer.alloc(BYTES.length - 1));
    expect(await right(({ start }, response) => start > 0 && !!response.writeHead(416).end())).toBe(true);
  });

  it("redirects to another host", async () => {
    const other = await fakeHub({});
    other.mood = ({ start }, response) => sendRange(response, BYTES, start);
    expect(
      await right((_, response) => !!response.writeHead(302, { Location: `${other.endpoint}/cdn/big` }).end()),
    ).toBe(true);
    expect(other.requests[0].authorization, "the token stays with the hub").toBeUndefined();
    other.close();
  });

  it("was left in the middle of it by an earlier try", async () => {
    await writeFile(path, BYTES.subarray(0, HALF));
    expect(await right()).toBe(true);
    expect(rangesOf()).toEqual([`bytes=${HALF}-`]);
  });

  it("has another file than an earlier try left a part of, or a longer part", async () => {
    await writeFile(path, Buffer.alloc(HALF, 9));
    expect(await right()).toBe(true);
    await writeFile(path, Buffer.alloc(BYTES.length + 10, 9));
    expect(await right()).toBe(true);
  });
});

describe("a download ends in a named error when the server", () => {
  const refused = async (mood: Mood, message: RegExp): Promise<void> => {
    const error: HubError = await get(mood).then(
      () => expect.unreachable(),
      (e) => e,
    );
    expect(error).toBeInstanceOf(HubError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("big.bin");
    expect(error.message).not.toContain("secret");
  };

  it.each([
    [401, /refuses access.*HF_TOKEN/],
    [403, /refuses access/],
    [404, /does not have it/],
    [418, /status 418/],
  ])("answers %i", (status, message) => refused((_, response) => !!response.writeHead(status).end(), message));

  it.each([429, 500])("answers %i for ever", (status) =>
    refused(
      (_, response) => !!response.writeHead(status).end(),
      status === 429 ? /too often/ : /status 500; try again/,
    ),
  );

  it("always cuts at the same place", () =>
    refused(
      ({ start }, response, bytes) => cut(response, bytes, start, HALF),
      /14\d{4} of 300000 bytes have come.*no more/,
    ));

  it("ignores ranges and always cuts", () =>
    refused((_, response, bytes) => cut(response, bytes, 0, HALF), /no more after 3 tries/));

  it("is not there", () => {
    const mood: Mood = (_, response) => !!response.destroy();
    return refused(mood, /0 of 300000 bytes have come.*socket|closed/);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["longer", (bytes) => Buffer.concat([bytes, bytes])],
    ["shorter", (bytes) => bytes.subarray(9)],
  ])("announces a %s file", (_, change) =>
    refused(
      (_request, response, bytes) => sendRange(response, change(bytes), 0),
      /announces \d+ bytes, and the hub lists 300000/,
    ),
  );

  it("sends more than it announced", () =>
    refused((_, response, bytes) => {
      response.writeHead(200, { "Transfer-Encoding": "chunked" });
      response.end(Buffer.concat([bytes, bytes]));
      return true;
    }, /sends more than the 300000 bytes/));

  it("sends wrong bytes of the right length", async () => {
    await refused((_, response, bytes) => sendRange(response, Buffer.alloc(bytes.length, 3), 0), /its digest differs/);
    expect((await readFile(path)).length).toBe(0);
  });

  it("redirects in a circle", () =>
    refused(
      (_, response) => !!response.writeHead(302, { Location: "/owner/tiny/resolve/x/big.bin" }).end(),
      /redirect/,
    ));
});

it("stops when it is told to, and goes on later", async () => {
  const controller = new AbortController();
  const mood: Mood = (_, response, bytes) => {
    response.writeHead(200, { "Content-Length": bytes.length });
    response.write(bytes.subarray(0, HALF), () => setTimeout(() => controller.abort(), 50));
    return true;
  };
  await expect(get(mood, "big.bin", controller.signal)).rejects.toThrow(/abort/);
  expect((await readFile(path)).length).toBe(HALF);
  expect(await right()).toBe(true);
  expect(rangesOf().at(-1)).toBe(`bytes=${HALF}-`);
  expect(await readdir(folder)).toEqual(["file.incomplete"]);
});
