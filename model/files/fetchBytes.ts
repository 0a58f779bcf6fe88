import { FileFormatError, InfimmError } from "../../core/errors.ts";
import { envFetch } from "./envFetch.ts";
import { collectBytes, requireBytesWithin } from "./collectBytes.ts";
import { BEGINNING_BYTES, whatIsIt } from "./whatIsIt.ts";

export interface FetchOptions {
  maxBytes: number;
  /** Milliseconds until everything must be there. */
  timeout: number;
  signal?: AbortSignal;
}

/** Content types of what is no picture. Servers are often wrong: the bytes decide, and the type only explains them. */
const NO_PICTURE = /^(text\/|application\/(json|javascript|pdf|xml|xhtml))/i;

/**
 * The bytes at an http or https address (Node and browsers), following redirects. Throws an `InfimmError` that names
 * the address for whatever goes wrong; if `signal` is aborted, its reason.
 */
export async function fetchBytes(url: string, { maxBytes, timeout, signal }: FetchOptions): Promise<Uint8Array> {
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await envFetch(url, { signal: signal ? AbortSignal.any([signal, late]) : late });
    refuse(response, url, maxBytes);
    const bytes = response.body ? await collectBytes(chunksOf(response.body), maxBytes, url) : new Uint8Array();
    explain(bytes, response, url);
    return bytes;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof InfimmError) throw cause;
    if (late.aborted) throw new InfimmError(`${url}: not fetched within ${timeout / 1000} s`, { cause });
    throw new InfimmError(`${url} cannot be fetched: ${reasonOf(cause)}`, { cause });
  }
}

function refuse(response: Response, url: string, maxBytes: number): void {
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw new InfimmError(`${url} cannot be fetched: the server answers ${status}`);
  }
  requireBytesWithin(maxBytes, Number(response.headers.get("content-length") ?? 0), url);
}

/** Refuses what the server itself calls a page or a text, if it is one. */
function explain(bytes: Uint8Array, response: Response, url: string): void {
  const type = response.headers.get("content-type") ?? "";
  if (!NO_PICTURE.test(type) || !whatIsIt(bytes.subarray(0, BEGINNING_BYTES))) return;
  throw new FileFormatError(
    `${url}: expected a picture, but the server sends ${type}; is it the picture's own address?`,
  );
}

/** A stream's chunks; leaving early cancels it. (Not every browser has streams that can be iterated over.) */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // of a stream that failed: the failure itself is on its way
  }
}

/** Node hides what happened in `cause`: "fetch failed", because of ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message || String((inner as NodeJS.ErrnoException).code ?? inner.name);
}
