/** Let what waits outside have its turn: on the CPU a token is computed at once, and an AbortSignal would never be heard. */
export function eventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
