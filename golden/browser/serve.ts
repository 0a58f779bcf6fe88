import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** What lets a page have SharedArrayBuffer, and with it threads. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export interface Served {
  /** `http://127.0.0.1:1234` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A file server on loopback.
 * @param folders what stands under each first part of a path: `{ "": "dist/page", fixtures: "golden/fixtures" }`
 * @param isolated whether pages are cross-origin isolated
 */
export async function serve(folders: Readonly<Record<string, string>>, isolated: boolean): Promise<Served> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, "http://x").pathname)).slice(1);
    const [first, ...rest] = path.split("/");
    const file =
      Object.hasOwn(folders, first) && first !== "" ? join(folders[first], ...rest) : join(folders[""], path);
    const bytes = await readFile(path.endsWith("/") || path === "" ? join(file, "index.html") : file).catch(() => null);
    const type = TYPES[extname(file) || ".html"] ?? "application/octet-stream";
    response.writeHead(bytes ? 200 : 404, { "Content-Type": type, ...(isolated ? ISOLATION : {}) });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
