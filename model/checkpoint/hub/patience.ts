/** How long to go on trying. */
export interface Patience {
  /** Tries without any progress before giving up. */
  readonly tries: number;
  /** The pause after the first failure; each further one is twice as long. */
  readonly pauseMs: number;
  /** How long a server may send nothing. */
  readonly stallMs: number;
}

export const PATIENCE: Patience = { tries: 5, pauseMs: 500, stallMs: 60_000 };
const MAX_PAUSE_MS = 30_000;

/** Too many requests, or trouble on the server's side: it may work in a moment. */
export const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** How long a server asks to be left alone: seconds, or a date. 0 if it does not say. */
export function retryAfterMs(headers: Headers, now = Date.now()): number {
  const text = headers.get("Retry-After")?.trim() ?? "";
  if (/^\d+$/.test(text)) return 1000 * Number(text);
  return Math.max(0, Date.parse(text) - now) || 0;
}

/** Waits after a failure, as long as the server asks for and the number of failures suggests, half a minute at most. */
export function pause(
  { pauseMs }: Patience,
  failures: number,
  askedMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return sleep(Math.min(MAX_PAUSE_MS, Math.max(askedMs, pauseMs * 2 ** (failures - 1))), signal);
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
