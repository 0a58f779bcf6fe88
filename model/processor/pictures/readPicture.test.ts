import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { makeImage } from "./image.ts";
import { makePng, synthetic } from "./png.fixture.ts";
import { readJson } from "../../files/readFile.ts";
import { type PictureSource, readPicture } from "./readPicture.ts";
import { readPictures } from "./readPictures.ts";

const png = Uint8Array.from(makePng({ width: 3, height: 2, depth: 8, colorType: 2, rows: synthetic(3, 2, 3) }));
const image = makeImage(3, 2, "RGB", synthetic(3, 2, 3));
const folder = mkdtempSync(join(tmpdir(), "infimm-"));
const write = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const path = write("a.png", png);
const base64 = Buffer.from(png).toString("base64");
const escaped = Array.from(png, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

describe("readPicture takes", () => {
  const files: [string, PictureSource][] = [
    ["a path", path],
    ["a file URL", pathToFileURL(path)],
    ["a file URL as text", String(pathToFileURL(path))],
    ["a data URL", `data:image/png;base64,${base64}`],
    ["a data URL with escaped base64", `data:image/png;base64,${encodeURIComponent(base64)}`],
    ["a data URL with escapes", `data:image/png,${escaped}`],
    ["bytes", png],
    ["a Buffer", Buffer.from(png)],
    ["an ArrayBuffer", png.buffer],
    ["a Blob", new Blob([png])],
    ["a File", new File([png], "a.png")],
    ["an ndarray", ndarray(image.data, [2, 3, 3])],
    ["an Image", image],
  ];
  it.each(files)("%s", async (_, source) => {
    expect(await readPicture(source)).toEqual(image);
  });

  it("ImageData", async () => {
    const data = Uint8ClampedArray.from(synthetic(3, 2, 4));
    expect(await readPicture({ width: 3, height: 2, data })).toEqual(makeImage(3, 2, "RGBA", synthetic(3, 2, 4)));
  });

  it("conversations and prompts of such", async () => {
    const content = ["What is ", { image: path }, "?"] as const;
    expect(
      await readPictures([
        { role: "system", content: "Hi" },
        { role: "user", content },
      ]),
    ).toEqual([
      { role: "system", content: "Hi" },
      { role: "user", content: ["What is ", { image }, "?"] },
    ]);
    expect(await readPictures({ text: "<image>", images: [png] })).toEqual({ text: "<image>", images: [image] });
  });
});

describe("readPicture says what is wrong with", () => {
  const refused: [string, unknown, string][] = [
    ["a missing file", `${folder}/none.png`, `there is no file ${folder}/none.png`],
    ["a folder", folder, `expected a picture, but ${folder} is a folder`],
    ["an empty file", write("empty.png", ""), "empty.png is empty"],
    ["text", write("text.png", "hello"), 'text.png: expected a PNG, JPEG or WebP picture, but this is text: "hello"'],
    ["an ndarray that poses as large", ndarray(new Uint8Array(1), [6e4, 6e4, 1], [0, 0, 0]), "3600 million pixels"],
    ["an ndarray beyond its data", ndarray(new Uint8Array(9), [2, 3, 3]), "reach beyond 9 bytes"],
    ["an ndarray of broken strides", ndarray(new Uint8Array(9), [1, 3, 3], [9, 0.5, 1]), "stride [9, 0.5, 1]"],
    ["a data URL without data", "data:image/png;base64", "expected data:<type>;base64,<data>"],
    ["a data URL of other text", "data:image/png;base64,???", "data:image/png;base64,???…: its base64 is damaged"],
    ["a data URL of wide characters", "data:,\u1234", "its text is damaged"],
    ["a File", new File(["hello"], "cat.png"), "cat.png: expected a PNG, JPEG or WebP"],
    ["ImageData of other size", { width: 3, height: 3, data: new Uint8ClampedArray(4) }, "need 36 bytes, got 4"],
    ["null", null, "expected a path, an address, the bytes of a file"],
    ["a number", 7, "got number"],
    ["an empty object", {}, "got object"],
  ];
  it.each(refused)("%s", async (_, source, message) => {
    const reading = readPicture(source as PictureSource);
    await expect(reading).rejects.toThrow(InfimmError);
    await expect(reading).rejects.toThrow(message);
  });

  it.skipIf(!existsSync("/dev/zero"))("endless devices", async () => {
    await expect(readPicture("/dev/zero", { maxBytes: 1e6 })).rejects.toThrow(
      "/dev/zero: more than the limit of 1 mill",
    );
  });

  it("files over the budget", async () => {
    const over = "more than the limit of 10 bytes; raise maxBytes if it is right";
    for (const source of [path, new Blob([png]), `data:image/png;base64,${base64}`, `data:image/png,${escaped}`]) {
      await expect(readPicture(source, { maxBytes: 10 })).rejects.toThrow(over);
    }
  });

  it("JSON that is none", async () => {
    await expect(readJson(write("a.json", "{"), "config")).rejects.toThrow("a.json is not JSON");
  });
});

describe("readPicture from an address", () => {
  const answers: Record<string, RequestListener> = {
    "/a.png": (_, to) => to.setHeader("content-type", "image/png").end(png),
    "/untyped": (_, to) => to.end(png),
    "/a.jpg": (_, to) => to.setHeader("content-type", "image/jpeg; charset=binary").end(png),
    "/a.html": (_, to) => to.setHeader("content-type", "text/html; charset=utf-8").end(png),
    "/a.json": (_, to) => to.setHeader("content-type", "application/json").end(png),
    "/error": (_, to) => to.setHeader("content-type", "application/json; v=1").end('{"error": "no such picture"}'),
    "/jpeg-page": (_, to) => to.setHeader("content-type", "image/jpeg").end("<!doctype html><title>Sign in"),
    "/moved": (_, to) => to.writeHead(302, { location: "/a.png" }).end(),
    "/round": (_, to) => to.writeHead(302, { location: "/round" }).end(),
    "/missing": (_, to) => to.writeHead(404).end("not here"),
    "/page": (_, to) => to.setHeader("content-type", "text/html; charset=utf-8").end("<html>"),
    "/claims-much": (_, to) => to.writeHead(200, { "content-length": 1e12 }).write("x"),
    "/endless": (_, to) => {
      const more = () => {
        while (to.write(Buffer.alloc(1 << 16)));
      };
      to.on("drain", more);
      more();
    },
    "/cut-off": (_, to) => {
      to.writeHead(200, { "content-length": png.length });
      to.write(png.subarray(0, 30), () => to.destroy());
    },
    "/half": (_, to) => to.end(png.subarray(0, 45)),
    "/silent": () => {},
    "/empty": (_, to) => to.end(),
  };
  const server = createServer((request, response) => answers[request.url ?? ""](request, response));
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(["/a.png", "/untyped", "/moved", "/a.jpg", "/a.html", "/a.json"])("%s", async (page) => {
    expect(await readPicture(base + page)).toEqual(image);
    expect(await readPicture(new URL(base + page))).toEqual(image);
  });

  it.each([
    ["/missing", "/missing cannot be fetched: the server answers 404 Not Found"],
    ["/page", "/page: expected a picture, but the server sends text/html"],
    [
      "/error",
      "/error: expected a picture, but the server sends application/json; v=1; is it the picture's own address?",
    ],
    [
      "/jpeg-page",
      '/jpeg-page: expected a PNG, JPEG or WebP picture, but this is text: "<!doctype html><"; it is a web page',
    ],
    ["/round", "/round cannot be fetched: redirect count exceeded"],
    ["/claims-much", "/claims-much: more than the limit of 1 million bytes"],
    ["/endless", "/endless: more than the limit of 1 million bytes"],
    ["/cut-off", "/cut-off cannot be fetched: "],
    ["/half", "/half: it is cut off, in the middle of its IDAT chunk"],
    ["/silent", "/silent: not fetched within 0.3 s"],
    ["/empty", "/empty: it is empty"],
  ])("%s is refused", async (page, message) => {
    const reading = readPicture(base + page, { maxBytes: 1e6, timeout: page === "/silent" ? 300 : 30_000 });
    await expect(reading).rejects.toThrow(base + message);
    await expect(reading).rejects.toThrow(InfimmError);
  });

  it("says why a server cannot be reached", async () => {
    await expect(readPicture("http://127.0.0.1:1/a.png")).rejects.toThrow("http://127.0.0.1:1/a.png cannot be fetched");
    await expect(readPicture("http://:bad")).rejects.toThrow("http://:bad cannot be fetched");
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const reading = readPicture(`${base}/silent`, { signal: stop.signal });
    stop.abort();
    await expect(reading).rejects.toThrow("aborted");
    await expect(reading).rejects.not.toThrow(FileFormatError);
  });
});
