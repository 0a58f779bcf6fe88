import { mkdir, readFile, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { shardsOf } from "../safetensors/sharded.ts";
import { bytesText } from "../../../nn/reportTable.ts";
import { CacheFolder } from "./cacheFolder.ts";
import { chooseFiles, chooseShards } from "./choose.ts";
import { download } from "./download.ts";
import { openFileSink } from "./fileSink.ts";
import { HubError } from "./hubError.ts";
import { type Listing, listRepository, type RemoteFile } from "./listing.ts";
import { storedToken } from "./home.ts";
import { withLock } from "./lock.ts";
import { type Hub, type HubOptions, hubFor, isCommit } from "./settings.ts";

/**
 * The folder of a model from the hub in Hugging Face's cache (Node): what is missing is downloaded first, going on where
 * an earlier try ended. A commit that is here whole needs no network. A branch that is here whole is used as it was, and
 * a line says so, when the hub cannot be reached, refuses or is in trouble, or when the cache cannot be written.
 */
export async function snapshot(name: string, options: HubOptions = {}): Promise<string> {
  const hub = hubFor(name, { ...options, token: options.token ?? (await storedToken()) });
  const cache = new CacheFolder(hub);
  const known = await cache.commitOf(hub.revision);
  const isHere = known !== undefined && (await cache.isComplete(known));
  if (isHere && (isCommit(hub.revision) || hub.offline)) return cache.snapshot(known);
  if (hub.offline)
    throw new HubError(`${hub.repo} at ${hub.revision}: is not in ${cache.path}, and HF_HUB_OFFLINE is set`);
  const useKnown = (error: unknown): string => {
    if (!isHere) throw error;
    hub.onNotice(`${(error as Error).message}. The copy in the cache is used, of commit ${known.slice(0, 8)}`);
    return cache.snapshot(known);
  };
  let listing: Listing;
  try {
    const { patience } = hub;
    // with a copy at hand, nobody wants to wait for a hub in trouble
    const brief = { ...patience, tries: 1, stallMs: Math.min(patience.stallMs, BRIEF_MS) };
    listing = await listRepository(hub, isHere ? brief : patience);
  } catch (error) {
    if (!(error instanceof HubError) || error.isNoRevision) throw error;
    return useKnown(error);
  }
  try {
    await fillSnapshot(hub, cache, listing);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    return useKnown(
      new HubError(`${hub.repo}: ${cache.path} cannot be written; set HF_HOME to another folder`, { cause: error }),
    );
  }
  return cache.snapshot(listing.commit);
}

/** As long as huggingface_hub waits before it uses its cache. */
const BRIEF_MS = 10_000;

/** Whether the file system lets nothing be written: it is read-only, or not ours. */
function isReadOnly(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return ["EROFS", "EACCES", "EPERM"].includes(code ?? cause?.code ?? "");
}

async function fillSnapshot(hub: Hub, cache: CacheFolder, listing: Listing): Promise<void> {
  const { companions, weights } = chooseFiles(hub, listing);
  const files = [...companions, weights];
  if (weights.path.endsWith(".index.json")) {
    await getAll(hub, cache, listing.commit, [weights], () => {}); // small; it says how much there is to come
    const index = await readFile(join(cache.snapshot(listing.commit), weights.path), "utf8");
    files.push(...chooseShards(hub, listing, weights.path, shardsOf(index, weights.path)));
  }
  const here = new Map<RemoteFile, number>();
  for (const file of files) here.set(file, await cache.bytesOf(file));
  const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
  const totalBytes = sum(files.map(({ size }) => size));
  const report = (file: RemoteFile, bytes: number): void => {
    here.set(file, bytes);
    hub.onDownload({ repo: hub.repo, file: file.path, bytes: sum(here.values()), totalBytes });
  };
  const missing = totalBytes - sum(here.values());
  if (missing > 0) {
    report(files[0], here.get(files[0])!);
    await refuseFullDisk(hub, cache, missing);
  }
  await getAll(hub, cache, listing.commit, files, report);
  await cache.remember(hub.revision, listing.commit);
}

async function getAll(
  hub: Hub,
  cache: CacheFolder,
  commit: string,
  files: readonly RemoteFile[],
  report: (file: RemoteFile, bytes: number) => void,
): Promise<void> {
  for (const file of files) {
    if (!(await cache.has(file))) await getOne(hub, cache, file, (bytes) => report(file, bytes));
    await cache.link(file, commit);
  }
}

async function getOne(hub: Hub, cache: CacheFolder, file: RemoteFile, onBytes: (bytes: number) => void): Promise<void> {
  const incomplete = `${cache.blob(file)}.incomplete`;
  await mkdir(dirname(incomplete), { recursive: true });
  await withLock(`${incomplete}.lock`, hub.signal, async () => {
    if (await cache.has(file)) return; // another process got it while we waited
    const sink = await openFileSink(incomplete, file);
    try {
      await download(hub, file, sink, onBytes, hub.patience);
    } finally {
      await sink.close();
    }
    await cache.keep(file, incomplete);
  });
}

async function refuseFullDisk({ repo }: Hub, { path }: CacheFolder, bytes: number): Promise<void> {
  await mkdir(join(path, "blobs"), { recursive: true });
  const { bavail, bsize } = await statfs(join(path, "blobs"));
  if (bavail * bsize < bytes) {
    throw new HubError(
      `${repo}: ${bytesText(bytes)} are to be downloaded, and ${path} has room for ${bytesText(bavail * bsize)}; ` +
        "set HF_HOME to a folder on another disk",
    );
  }
}
