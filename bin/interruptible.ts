/**
 * Work that cleans up after itself when it is interrupted: Ctrl-C aborts the signal that `work` gets, and once it has
 * ended, the interrupt takes its usual way, so that `$?` is 130 and a shell's loop stops with us.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    caught = signal;
    controller.abort();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    if (caught) process.kill(process.pid, caught);
  }
}
