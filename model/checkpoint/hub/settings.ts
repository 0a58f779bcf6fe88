import { HubError } from "./hubError.ts";

/** How far downloading has come. The first call comes before the first byte, with what is to be had in all. */
export interface DownloadProgress {
  /** "Infi-MM/infimm-zephyr" */
  readonly repo: string;
  /** The file that is on its way. */
  readonly file: string;
  /** Bytes of all files that are here, some of them perhaps from before. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Where and how to get models. What is not given comes from Hugging Face's environment variables (Node). */
export interface HubOptions {
  /** A branch, tag or commit. Default: "main", or a commit for models whose weights are gone from it. */
  readonly revision?: string;
  /** A mirror. Default: HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string;
  /** Default: HF_TOKEN. */
  readonly token?: string;
  /** Use only what is here already. Default: HF_HUB_OFFLINE. */
  readonly offline?: boolean;
  /** Default: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub, which Python shares (Node). */
  readonly cacheDir?: string;
  readonly onDownload?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** Everything decided. */
export interface Hub {
  readonly repo: string;
  readonly revision: string;
  readonly endpoint: string;
  readonly offline: boolean;
  readonly cacheDir: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onDownload: (progress: DownloadProgress) => void;
  /** What a request carries. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The weights are gone from the newest revisions: commit fffdc4c, "initial", replaced all files and left
 * pytorch_model.bin out. This is the last commit that has it.
 */
const ZEPHYR_WITH_WEIGHTS = "0c3eccf106642be17b4d5c3cb66530097b20c072";
const PINNED: Record<string, string> = {
  "infi-mm/infimm-zephyr": ZEPHYR_WITH_WEIGHTS,
  "infimm/infimm-zephyr": ZEPHYR_WITH_WEIGHTS, // as the model card calls it
};

const HUB_ID = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@(.+))?$/;

/** Whether a name can be that of a model on the hub: "owner/name", or "owner/name@revision". */
export function isHubId(name: string): boolean {
  const [, repo] = HUB_ID.exec(name) ?? [];
  return repo !== undefined && !repo.includes("..") && !repo.includes("--");
}

export function hubFor(name: string, options: HubOptions = {}): Hub {
  if (!isHubId(name)) throw new HubError(`"${name}" is not a name on the hub; expected "owner/name"`);
  const [, repo, named] = HUB_ID.exec(name)!;
  const env: Record<string, string | undefined> = globalThis.process?.env ?? {};
  const revision = options.revision ?? named ?? PINNED[repo.toLowerCase()] ?? "main";
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes(".."))
    throw new HubError(`${repo}: "${revision}" is not the name of a revision`);
  const token = options.token ?? env["HF_TOKEN"];
  return {
    repo,
    revision,
    endpoint: (options.endpoint ?? (env["HF_ENDPOINT"] || "https://huggingface.co")).replace(/\/+$/, ""),
    offline: options.offline ?? /^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? ""),
    cacheDir: options.cacheDir,
    signal: options.signal,
    onDownload: options.onDownload ?? (() => {}),
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  };
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
