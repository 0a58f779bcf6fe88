import { InfimmError } from "../../../core/errors.ts";

/** A model that could not be had from the hub. The message names the repository or address, and what to do. */
export class HubError extends InfimmError {
  override name = "HubError";
  /** The status of the hub's answer, if it gave one. */
  readonly status: number | undefined;
  /** The hub has the repository, and no such revision of it. */
  readonly isNoRevision: boolean;

  constructor(
    message: string,
    { status, isNoRevision = false, cause }: { status?: number; isNoRevision?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.status = status;
    this.isNoRevision = isNoRevision;
  }
}

/** What a refusal of the hub means for `what`: "Infi-MM/infimm-zephyr", or a file of it. */
export function refusal(status: number, what: string, url: string, endpoint: string): HubError {
  const why =
    status === 401 || status === 403
      ? "the hub refuses access. If the model is private or gated, accept its terms in a browser, and log in with hf auth login or set HF_TOKEN to a token of yours"
      : status === 404 || status === 410
        ? "the hub does not have it. Check the name and the revision"
        : status === 429
          ? "the hub says that we ask too often; try again later, or set HF_TOKEN"
          : `the hub answers with status ${status}${status >= 500 ? "; try again later" : ""}`;
  return new HubError(`${what}: ${why} (${shortUrl(url) || endpoint})`, { status });
}

/** Without the query, where signed addresses keep what nobody should see in a log. */
function shortUrl(url: string): string {
  return url.split("?")[0];
}
