import { envFetch } from "../../files/envFetch.ts";
import { TEMPLATE_FOLDER } from "../../processor/text/templateFiles.ts";
import { HubError, refusal } from "./hubError.ts";
import { isPassing, type Patience, pause, retryAfterMs } from "./patience.ts";
import { type Hub, isCommit } from "./settings.ts";

/** A file of a repository, as the hub describes it. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  /** Of a large file, its SHA-256; of a small one, git's SHA-1 of it. It is also the name of its blob in the cache. */
  readonly digest: { readonly algorithm: "sha256" | "git"; readonly hex: string };
  readonly url: string;
}

export interface Listing {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/**
 * The files at the top of a repository and its chat templates, at the commit that the revision stands for. What may pass
 * is tried again.
 * @throws HubError
 */
export async function listRepository(hub: Hub, patience = hub.patience): Promise<Listing> {
  for (let failures = 1; ; failures++) {
    const seen: Seen = { askedMs: 0 };
    try {
      return await listOnce(hub, seen, patience);
    } catch (error) {
      hub.signal?.throwIfAborted();
      const refused = toHubError(error, hub, seen);
      const mayPass = isNetworkError(error) || (refused.status !== undefined && isPassing(refused.status));
      if (!mayPass || failures >= patience.tries) throw refused;
      await pause(patience, failures, seen.askedMs, hub.signal);
    }
  }
}

/** What the last answer's headers said. */
interface Seen {
  askedMs: number;
  code?: string;
}

/** The hub refused. */
class Refused extends Error {
  readonly status: number;
  readonly url: string;

  constructor(status: number, url: string) {
    super(`status ${status}`);
    this.status = status;
    this.url = url;
  }
}

/** Something in a folder, as the hub's API tells it. */
interface Entry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid?: string;
  readonly lfs?: { readonly oid: string };
}

async function listOnce(hub: Hub, seen: Seen, { stallMs }: Patience): Promise<Listing> {
  const { repo, revision, endpoint } = hub;
  const ask = (url: string) => askApi(url, hub, seen, stallMs);
  const api = `${endpoint}/api/models/${repo}`;
  const commit = isCommit(revision) ? revision : await commitOf(`${api}/revision/${encodeURIComponent(revision)}`, ask);
  const entries = await entriesOf(`${api}/tree/${commit}`, ask);
  if (entries.some(({ type, path }) => type === "directory" && path === TEMPLATE_FOLDER))
    entries.push(...(await entriesOf(`${api}/tree/${commit}/${TEMPLATE_FOLDER}`, ask)));
  const files: RemoteFile[] = [];
  for (const { type, path, size, oid, lfs } of entries) {
    if (type !== "file") continue;
    const digest = { algorithm: lfs ? ("sha256" as const) : ("git" as const), hex: lfs?.oid ?? oid ?? "" };
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(digest.hex) || !Number.isSafeInteger(size) || size < 0)
      throw new Error(`it describes ${JSON.stringify(path)} without a size or digest`);
    const place = path.split("/").map(encodeURIComponent).join("/");
    files.push({ path, size, digest, url: `${endpoint}/${repo}/resolve/${commit}/${place}` });
  }
  return { commit, files };
}

type Ask = (url: string) => Promise<{ value: unknown; next: string | undefined }>;

/** One answer of the API, and where the list goes on. @throws Refused; TypeError or DOMException of the network */
async function askApi(url: string, { headers, signal }: Hub, seen: Seen, stallMs: number): ReturnType<Ask> {
  const late = AbortSignal.timeout(stallMs);
  const response = await envFetch(url, {
    headers: { Accept: "application/json", ...headers },
    signal: signal ? AbortSignal.any([signal, late]) : late,
  });
  seen.askedMs = retryAfterMs(response.headers);
  seen.code = response.headers.get("X-Error-Code") ?? undefined;
  if (!response.ok) throw new Refused(response.status, response.url || url);
  const [, next] = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("Link") ?? "") ?? [];
  // a token goes to the hub alone, wherever a list claims to go on
  if (next !== undefined && new URL(next, url).origin !== new URL(url).origin)
    throw new Error(`its list goes on elsewhere, at ${new URL(next, url).origin}`);
  return { value: await response.json(), next: next && new URL(next, url).href };
}

async function commitOf(url: string, ask: Ask): Promise<string> {
  const { value } = await ask(url);
  const sha = (value as { sha?: unknown } | null)?.sha;
  if (typeof sha !== "string" || !isCommit(sha)) throw new Error("it names no commit");
  return sha;
}

/** What is right in a folder, page after page. */
async function entriesOf(folder: string, ask: Ask): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let url: string | undefined = folder; url; ) {
    const { value, next } = await ask(url);
    const isList = Array.isArray(value) && value.every((entry) => typeof entry?.path === "string");
    if (!isList) throw new Error("its list of files is none");
    entries.push(...(value as Entry[]));
    url = next;
  }
  return entries;
}

function toHubError(cause: unknown, { repo, revision, endpoint }: Hub, { code }: Seen): HubError {
  const what = `${repo} at ${revision}`;
  if (cause instanceof Refused) {
    const { status, url } = cause;
    const refused = refusal(status, what, url, endpoint);
    return code === "RevisionNotFound" ? new HubError(refused.message, { status, isNoRevision: true }) : refused;
  }
  if (isNetworkError(cause)) return new HubError(`${what}: ${endpoint} cannot be reached: ${reason(cause)}`, { cause });
  return new HubError(`${what}: ${endpoint} does not answer as a hub does: ${reason(cause)}`, { cause });
}

/** `fetch` throws a TypeError for what is wrong with the network; a DOMException if the time is up. */
export const isNetworkError = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError");

/** The innermost cause: "fetch failed" alone says nothing. */
export function reason(error: unknown): string {
  const { message, cause, code } = error as Error & { code?: string };
  return cause instanceof Error ? reason(cause) : message || code || String(error);
}
