import { open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";

const BEAT_MS = 5_000;
/** Without a sign of life for so long, the holder is taken to be dead. */
const DEAD_MS = 30_000;
const POLL_MS = 200;

/**
 * Does `work` while no other process that shares the disk does (Node): the holder of the file at `path` touches it as long
 * as it lives, others wait. A process of this machine that is gone is not waited for.
 */
export async function withLock<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  while (!(await tryTake(path))) {
    signal?.throwIfAborted();
    if (await isAbandoned(path)) await rm(path, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const beat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

async function tryTake(path: string): Promise<boolean> {
  const handle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return undefined;
    throw error;
  });
  await handle?.writeFile(`${hostname()} ${process.pid}`);
  await handle?.close();
  return handle !== undefined;
}

async function isAbandoned(path: string): Promise<boolean> {
  const [host, pid] = (await readFile(path, "utf8").catch(() => "")).split(" ");
  if (host === hostname() && Number(pid) > 0 && !isAlive(Number(pid))) return true;
  const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
  return touched !== undefined && Date.now() - touched > DEAD_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing, but asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
