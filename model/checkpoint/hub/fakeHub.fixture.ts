import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

export const REPO = "owner/tiny";
export const COMMIT = "c".repeat(40);

export interface FakeRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** Where a range begins; 0 without one. */
  readonly start: number;
  /** How many requests for this file there were before. */
  readonly nth: number;
}

/** Answers a request for a file by itself (true), or leaves it to the hub. */
export type Mood = (request: FakeRequest, response: ServerResponse, bytes: Buffer) => boolean | undefined;

/** A hub on the loopback with one repository, which misbehaves as `mood` says; with a certificate, an https one. */
export async function fakeHub(files: Record<string, Uint8Array>, secure?: { key: string; cert: string }) {
  const requests: FakeRequest[] = [];
  const hub = {
    mood: (() => false) as Mood,
    apiStatus: 200,
    /** The status of the nth answer of the API, where it is not `apiStatus`. */
    apiStatuses: [] as number[],
    apiHeaders: {} as Record<string, string>,
    /** The most entries that one answer of a list has. */
    pageSize: Number.POSITIVE_INFINITY,
    commit: COMMIT,
    files: { ...files },
    endpoint: "",
    requests,
    close: () => {},
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader("Access-Control-Allow-Origin", "*"); // as the real one
    response.setHeader("Access-Control-Allow-Headers", "Authorization, Range");
    response.setHeader("Access-Control-Expose-Headers", "ETag, Content-Range");
    if (request.method === "OPTIONS") return void response.end();
    const [path] = decodeURIComponent(request.url!).split("?");
    if (path.startsWith("/api/")) answerApi(path, request, response);
    else answerFile(path, request, response);
  };
  const server = secure ? createSecureServer(secure, answer) : createServer(answer);

  function answerApi(path: string, request: IncomingMessage, response: ServerResponse): void {
    const nth = requests.filter((earlier) => earlier.path.startsWith("/api/")).length;
    requests.push({ path, range: undefined, authorization: request.headers.authorization, start: 0, nth });
    const status = hub.apiStatuses[nth] ?? hub.apiStatus;
    const isList = status === 200 && !path.includes("/revision/");
    const listing = isList ? listed(path.split(`/tree/${hub.commit}`)[1]?.replace(/^\//, "") ?? "") : [];
    const from = Number(new URL(request.url!, hub.endpoint).searchParams.get("cursor"));
    const to = from + hub.pageSize;
    if (to < listing.length) response.setHeader("Link", `<${hub.endpoint}${path}?cursor=${to}>; rel="next"`);
    response.writeHead(status, { "Content-Type": "application/json", ...hub.apiHeaders });
    if (status !== 200) response.end(JSON.stringify({ error: "no" }));
    else if (isList) response.end(JSON.stringify(listing.slice(from, to)));
    else response.end(JSON.stringify({ _id: "1", id: REPO, sha: hub.commit }));
  }

  /** The files and folders right in a folder. */
  function listed(folder: string): object[] {
    const inside = Object.entries(hub.files).filter(([name]) => folder === "" || name.startsWith(`${folder}/`));
    const rest = (name: string) => name.slice(folder === "" ? 0 : folder.length + 1);
    const files = inside.filter(([name]) => !rest(name).includes("/")).map(([name, bytes]) => describe(name, bytes));
    const folders = new Set(
      inside.filter(([name]) => rest(name).includes("/")).map(([name]) => rest(name).split("/")[0]),
    );
    return [...files, ...[...folders].map((path) => ({ type: "directory", path, size: 0, oid: "0".repeat(40) }))];
  }

  function answerFile(path: string, request: IncomingMessage, response: ServerResponse): void {
    const name = path.slice(`/${REPO}/resolve/${hub.commit}/`.length);
    const bytes = Buffer.from(hub.files[name] ?? []);
    const range = request.headers.range;
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const nth = requests.filter((earlier) => earlier.path === name).length;
    const described = { path: name, range, authorization: request.headers.authorization, start, nth };
    requests.push(described);
    if (hub.mood(described, response, bytes)) return;
    if (!(name in hub.files)) return void response.writeHead(404).end();
    sendRange(response, bytes, start);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  hub.endpoint = `${secure ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hub.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return hub;
}

export function sendRange(response: ServerResponse, bytes: Buffer, start: number, headers: object = {}): true {
  const rest = bytes.subarray(start);
  const common = { "Content-Length": rest.length, ETag: '"one"', ...headers };
  if (start === 0) response.writeHead(200, common);
  else response.writeHead(206, { ...common, "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
  response.end(rest);
  return true;
}

/** Large files are LFS files, as on the real hub. */
function describe(path: string, bytes: Uint8Array) {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const lfs = { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 130 };
  return { type: "file", path, size: bytes.length, oid, ...(bytes.length > 100_000 ? { lfs } : {}) };
}
