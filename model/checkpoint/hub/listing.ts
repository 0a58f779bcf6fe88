import { TEMPLATE_FOLDER } from "../../processor/text/templateFiles.ts";
import { HubError, refusal } from "./hubError.ts";
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

/** The files at the top of a repository and its chat templates, at the commit that the revision stands for. */
export async function listRepository(hub: Hub): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const { repo, revision, endpoint, headers, signal } = hub;
  // the token goes in by hand: the package takes only tokens that begin with hf_, and a mirror may have others
  const withToken: typeof fetch = (url, init) =>
    fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), ...headers }, signal });
  const common = { hubUrl: endpoint, fetch: withToken };
  try {
    const commit = isCommit(revision)
      ? revision
      : (await modelInfo({ ...common, name: repo, revision, additionalFields: ["sha"] })).sha;
    if (typeof commit !== "string" || !isCommit(commit)) throw new Error("it names no commit");
    const files: RemoteFile[] = [];
    const list = { ...common, repo: { type: "model" as const, name: repo }, revision: commit };
    const entries = [];
    for await (const entry of listFiles(list)) entries.push(entry);
    if (entries.some(({ type, path }) => type === "directory" && path === TEMPLATE_FOLDER)) {
      for await (const entry of listFiles({ ...list, path: TEMPLATE_FOLDER })) entries.push(entry);
    }
    for (const { type, path, size, oid, lfs } of entries) {
      if (type !== "file") continue;
      const digest = { algorithm: lfs ? ("sha256" as const) : ("git" as const), hex: lfs?.oid ?? oid ?? "" };
      if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(digest.hex) || !Number.isSafeInteger(size) || size < 0)
        throw new Error(`it describes ${JSON.stringify(path)} without a size or digest`);
      files.push({
        path,
        size,
        digest,
        url: `${endpoint}/${repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`,
      });
    }
    return { commit, files };
  } catch (cause) {
    signal?.throwIfAborted();
    const what = `${repo} at ${revision}`;
    const { statusCode, url } = cause as { statusCode?: number; url?: string };
    if (statusCode !== undefined) throw refusal(statusCode, what, url ?? "", endpoint);
    if (isNetworkError(cause))
      throw new HubError(`${what}: ${endpoint} cannot be reached: ${reason(cause)}`, { cause });
    throw new HubError(`${what}: ${endpoint} does not answer as a hub does: ${reason(cause)}`, { cause });
  }
}

/** `fetch` throws a TypeError for what is wrong with the network. */
export const isNetworkError = (error: unknown): boolean => error instanceof TypeError;

/** The innermost cause: "fetch failed" alone says nothing. */
export function reason(error: unknown): string {
  const { message, cause, code } = error as Error & { code?: string };
  return cause instanceof Error ? reason(cause) : message || code || String(error);
}
