import { HUB_ID, isHubId } from "./hubId.ts";
import { HubError } from "./hubError.ts";
import { PATIENCE, type Patience } from "./patience.ts";

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
  /** Default: HF_TOKEN, else the token of `hf auth login` (Node), unless HF_HUB_DISABLE_IMPLICIT_TOKEN. */
  readonly token?: string;
  /** Use only what is here already. Default: HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE. */
  readonly offline?: boolean;
  /** Default: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub, which Python shares (Node). */
  readonly cacheDir?: string;
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** How long to go on trying. Default: five tries, with pauses of half a second and more; a minute without a byte. */
  readonly patience?: Patience;
  /** Hears in a line why the copy that is here is used without asking the hub. Default: `console.warn`. */
  readonly onNotice?: (line: string) => void;
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
  readonly onNotice: (line: string) => void;
  readonly patience: Patience;
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

export function hubFor(name: string, options: HubOptions = {}): Hub {
  if (!isHubId(name)) throw new HubError(`"${name}" is not a name on the hub; expected "owner/name"`);
  const [, repo, named] = HUB_ID.exec(name)!;
  const env: Record<string, string | undefined> = globalThis.process?.env ?? {};
  const revision = options.revision ?? named ?? PINNED[repo.toLowerCase()] ?? "main";
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes(".."))
    throw new HubError(`${repo}: "${revision}" is not the name of a revision`);
  return {
    repo,
    revision,
    endpoint: endpointOf(options.endpoint, env),
    offline: options.offline ?? isTrue(env["HF_HUB_OFFLINE"] || env["TRANSFORMERS_OFFLINE"]),
    cacheDir: options.cacheDir,
    signal: options.signal,
    onDownload: options.onDownload ?? (() => {}),
    onNotice: options.onNotice ?? ((line) => console.warn(line)),
    patience: options.patience ?? PATIENCE,
    headers: authorization(options.token ?? implicitToken(env)),
  };
}

/** As huggingface_hub reads a variable of the environment. */
export const isTrue = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? "");

type Environment = Readonly<Record<string, string | undefined>>;

function implicitToken(env: Environment): string | undefined {
  if (isTrue(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"])) return undefined;
  return env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"];
}

/** No message shows a token, so it is checked here: `fetch` would show what it refuses. */
function authorization(token: string | undefined): Record<string, string> {
  const clean = token?.replace(/[\r\n]/g, "").trim();
  if (!clean) return {};
  if (!/^[\x21-\x7e]+$/.test(clean)) throw new HubError("the token for the hub has characters in it that no token has");
  return { Authorization: `Bearer ${clean}` };
}

function endpointOf(option: string | undefined, env: Environment): string {
  const text = (option ?? (env["HF_ENDPOINT"] || "https://huggingface.co")).replace(/\/+$/, "");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.username || url?.password)
    throw new HubError(
      "the hub's address (HF_ENDPOINT) holds a user name or password, which requests cannot carry; use HF_TOKEN",
    );
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new HubError(`the hub's address (HF_ENDPOINT) is ${JSON.stringify(text)}; expected http:// or https://`);
  return text;
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
