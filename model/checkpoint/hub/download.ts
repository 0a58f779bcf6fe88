import { envFetch } from "../../files/envFetch.ts";
import { HubError, refusal } from "./hubError.ts";
import { isNetworkError, type RemoteFile, reason } from "./listing.ts";
import { isPassing, PATIENCE, type Patience, pause, retryAfterMs } from "./patience.ts";
import type { Hub } from "./settings.ts";

/** Where the bytes of a file go, front to back. */
export interface DownloadSink {
  /** How many are there, some perhaps from an earlier try. */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Forget everything. */
  restart(): Promise<void>;
  /** The digest of what is there. */
  digest(): Promise<string>;
}

/**
 * Gets a file whole into `sink`, going on where an earlier try ended, and checks its digest. What a server may do: cut
 * the connection, stall, answer with errors that pass, ignore ranges, change the file between tries, or lie about lengths.
 * @throws HubError when it will not work; the sink is then empty, or can be gone on with
 */
export async function download(
  hub: Pick<Hub, "headers" | "signal" | "endpoint">,
  file: RemoteFile,
  sink: DownloadSink,
  onBytes: (bytes: number) => void = () => {},
  patience: Patience = PATIENCE,
): Promise<void> {
  const resumed = sink.size > 0;
  await fetchAll(hub, file, sink, onBytes, patience);
  if ((await sink.digest()) === file.digest.hex) return;
  await sink.restart();
  if (resumed) {
    // what was there may have been another file's; once more from the beginning
    await fetchAll(hub, file, sink, onBytes, patience);
    if ((await sink.digest()) === file.digest.hex) return;
    await sink.restart();
  }
  throw new HubError(
    `${file.path}: what ${file.url} sent is not what the hub lists (its digest differs); it was thrown away`,
  );
}

async function fetchAll(
  { headers, signal, endpoint }: Pick<Hub, "headers" | "signal" | "endpoint">,
  file: RemoteFile,
  sink: DownloadSink,
  onBytes: (bytes: number) => void,
  patience: Patience,
): Promise<void> {
  const { tries, stallMs } = patience;
  let etag: string | undefined;
  let furthest = sink.size;
  for (let failures = 0; ; ) {
    if (sink.size > file.size) await sink.restart();
    if (sink.size === file.size) return;
    const attempt = new Attempt(stallMs, signal);
    let failure: unknown;
    let askedMs = 0;
    try {
      // without If-Range, for which a browser would have to ask first: `checkAnswer` compares the ETags, and the digest decides
      const range: Record<string, string> = sink.size > 0 ? { Range: `bytes=${sink.size}-` } : {};
      const response = await envFetch(file.url, {
        headers: { ...headers, "Accept-Encoding": "identity", ...range },
        signal: attempt.signal,
      });
      if (isPassing(response.status)) {
        failure = refusal(response.status, file.path, response.url, endpoint);
        askedMs = retryAfterMs(response.headers);
        await response.body?.cancel();
      } else {
        etag = await checkAnswer(response, file, sink, etag, endpoint);
        await receive(response, file, sink, attempt, onBytes);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isNetworkError(error) && !attempt.stalled) throw error; // of ours, or of the disk
      failure = error;
    } finally {
      attempt.end();
    }
    if (sink.size === file.size) return;
    failures = sink.size > furthest ? 1 : failures + 1;
    furthest = Math.max(furthest, sink.size);
    if (failures > tries) {
      if (failure instanceof HubError) throw failure;
      const why = failure ? reason(failure) : "the connection ends early";
      throw new HubError(
        `${file.path}: ${sink.size} of ${file.size} bytes have come from ${endpoint}, and no more after ${tries} tries: ${why}`,
        { cause: failure },
      );
    }
    await pause(patience, failures, askedMs, signal);
  }
}

/** Makes `sink` fit what the answer is about to send; returns the file's ETag, if it is one that can be relied on. */
async function checkAnswer(
  response: Response,
  file: RemoteFile,
  sink: DownloadSink,
  known: string | undefined,
  endpoint: string,
): Promise<string | undefined> {
  const { status, headers } = response;
  const lie = (bytes: string): HubError =>
    new HubError(`${file.path}: the server announces ${bytes} bytes, and the hub lists ${file.size} (${file.url})`);
  const sent = headers.get("ETag") ?? undefined;
  const etag = sent?.startsWith("W/") ? undefined : sent;
  if (status === 206) {
    // some servers do not show the header to other pages: then it is taken to be the part that was asked for
    const range = headers.get("Content-Range") ?? `bytes ${sink.size}-0/*`;
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    if (total !== "*" && total !== undefined && Number(total) !== file.size) throw lie(total);
    if (Number(start) === sink.size && (!known || !etag || known === etag)) return etag ?? known;
    await response.body?.cancel(); // another part, or a part of another file
    await sink.restart();
    return undefined;
  }
  if (status === 416) {
    await response.body?.cancel(); // our part is longer than the file, the server thinks
    await sink.restart();
    return undefined;
  }
  if (status !== 200) throw refusal(status, file.path, response.url, endpoint);
  const length = headers.get("Content-Encoding") ? null : headers.get("Content-Length");
  if (length !== null && Number(length) !== file.size) throw lie(length);
  if (sink.size > 0) await sink.restart(); // the whole file: ranges are ignored, or it has changed
  return etag;
}

async function receive(
  response: Response,
  file: RemoteFile,
  sink: DownloadSink,
  attempt: Attempt,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (response.bodyUsed || !response.body) return; // refused by checkAnswer
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    attempt.alive();
    if (sink.size + value.length > file.size) {
      await reader.cancel();
      await sink.restart();
      throw new HubError(
        `${file.path}: the server sends more than the ${file.size} bytes that the hub lists (${file.url})`,
      );
    }
    await sink.append(value);
    onBytes(sink.size);
  }
}

/** One try: aborted by the caller, or when nothing comes for a while. */
class Attempt {
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stallMs: number, signal: AbortSignal | undefined) {
    this.#stallMs = stallMs;
    this.signal = signal ? AbortSignal.any([this.#controller.signal, signal]) : this.#controller.signal;
    this.alive();
  }

  get stalled(): boolean {
    return this.#controller.signal.aborted;
  }

  alive(): void {
    clearTimeout(this.#timer);
    const stop = () => this.#controller.abort(new Error(`nothing has come for ${this.#stallMs / 1000} s`));
    this.#timer = setTimeout(stop, this.#stallMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
