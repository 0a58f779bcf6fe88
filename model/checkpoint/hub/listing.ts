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

/** What an answer's headers said that its error does not. */
interface Seen {
  askedMs: number;
  code?: string;
}

async function listOnce(hub: Hub, seen: Seen, { stallMs }: Patience): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const { repo, revision, endpoint, headers, signal } = hub;
  // the token goes in by hand: the package takes only tokens that begin with hf_, and a mirror may have others
  const withToken: typeof fetch = async (url, init) => {
    const late = AbortSignal.timeout(stallMs);
    const response = await envFetch(url, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), ...headers },
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    seen.askedMs = retryAfterMs(response.headers);
    seen.code = response.headers.get("X-Error-Code") ?? undefined;
    return response;
  };
  const common = { hubUrl: endpoint, fetch: withToken };
  const commit = isCommit(revision)
    ? revision
    : (await modelInfo({ ...common, name: repo, revision, additionalFields: ["sha"] })).sha;
  if (typeof commit !== "string" || !isCommit(commit)) throw new Error("it names no commit");
  const list = { ...common, repo: { type: "model" as const, name: repo }, revision: commit };
  const entries = [];
  for await (const entry of listFiles(list)) entries.push(entry);
  if (entries.some(({ type, path }) => type === "directory" && path === TEMPLATE_FOLDER)) {
    for await (const entry of listFiles({ ...list, path: TEMPLATE_FOLDER })) entries.push(entry);
  }
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

function toHubError(cause: unknown, { repo, revision, endpoint }: Hub, { code }: Seen): HubError {
  const what = `${repo} at ${revision}`;
  const { statusCode, url } = cause as { statusCode?: number; url?: string };
  if (statusCode !== undefined) {
    const refused = refusal(statusCode, what, url ?? "", endpoint);
    return code === "RevisionNotFound"
      ? new HubError(refused.message, { status: statusCode, isNoRevision: true })
      : refused;
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
