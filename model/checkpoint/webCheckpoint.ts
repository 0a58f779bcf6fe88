import { FileFormatError } from "../../core/errors.ts";
import { parseJson } from "../files/parseJson.ts";
import { blobSource } from "./byteSource.ts";
import { formatOf, WEIGHT_FILES } from "./formats.ts";
import { readSafetensors } from "./safetensors/readSafetensors.ts";
import { readSharded, shardsOf } from "./safetensors/sharded.ts";
import type { WeightFile } from "./weightFile.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { chooseFiles, chooseShards } from "./hub/choose.ts";
import { download } from "./hub/download.ts";
import { HubError, refusal } from "./hub/hubError.ts";
import { type Listing, listRepository, type RemoteFile } from "./hub/listing.ts";
import { Parts } from "./hub/parts.ts";
import { isHubId } from "./hub/hubId.ts";
import { type Hub, type HubOptions, hubFor } from "./hub/settings.ts";

/**
 * A model in a browser: by the address of its folder, or by its name on the hub. What comes from the hub is kept in the
 * Cache API, checked, and gone on with if the page was closed. Weights must be safetensors.
 */
export async function openWebCheckpoint(source: string, options: HubOptions = {}): Promise<Checkpoint> {
  return isHubId(source) ? openHub(hubFor(source, options)) : openAddress(source, options);
}

/** Files by their names, as Blobs. */
type Files = (name: string) => Promise<Blob | undefined>;

/** @param paths of all files, as far as they are known */
function checkpointOf(name: string, files: Files, paths: readonly string[] = []): Checkpoint {
  const need = async (file: string): Promise<Blob> => {
    const blob = await files(file);
    if (!blob) throw new HubError(`${name}: has no ${file}`);
    return blob;
  };
  const open = async (file: string): Promise<WeightFile | undefined> => {
    const path = `${name}/${file}`;
    const blob = await files(file);
    if (!blob) return undefined;
    if (formatOf(file) === "index") return readSharded(await blob.text(), path, open);
    if (formatOf(file) === "safetensors") return readSafetensors(blobSource(blob, path));
    throw new FileFormatError(
      `${path}: browsers read safetensors only; convert it once: infimm convert ${name} FOLDER`,
    );
  };
  return {
    name,
    async json(file) {
      const path = `${name}/${file}`;
      return { value: parseJson(await (await need(file)).text(), path), path };
    },
    text: async (file) => (await files(file))?.text(),
    async names(folder) {
      return paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
    },
    async openWeights() {
      for (const file of WEIGHT_FILES) {
        const weights = await open(file);
        if (weights) return weights;
      }
      throw new HubError(`${name}: has none of ${WEIGHT_FILES.join(", ")}`);
    },
  };
}

/**
 * A folder on some server: each file is fetched when it is asked for, and the browser's own cache keeps what it likes.
 * Nobody can list it, and a browser writes each 404 to its console: texts that may be missing, which are chat templates,
 * are asked for only if the tokenizer's configuration has no template in it.
 */
function openAddress(source: string, { signal }: HubOptions): Checkpoint {
  const name = source.replace(/\/+$/, "");
  const checkpoint = checkpointOf(name, async (file) => {
    const url = `${name}/${file}`;
    const response = await fetch(url, { signal }).catch((cause) => {
      signal?.throwIfAborted();
      throw new HubError(`${url} cannot be reached: ${cause.message}`, { cause });
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw refusal(response.status, file, url, name);
    const blob = await response.blob();
    // a server of pages answers with one for what it does not have; another may call anything a page
    const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
    return isPage && /^\s*</.test(await blob.slice(0, 100).text()) ? undefined : blob;
  });
  let tokenizer: ReturnType<Checkpoint["json"]> | undefined;
  return {
    ...checkpoint,
    json(file, what) {
      const read = checkpoint.json(file, what);
      if (file === "tokenizer_config.json") tokenizer = read;
      return read;
    },
    async text(file) {
      tokenizer ??= checkpoint.json("tokenizer_config.json", "tokenizer config");
      const { value } = await tokenizer;
      return value["chat_template"] === undefined ? checkpoint.text(file) : undefined;
    },
  };
}

async function openHub(hub: Hub): Promise<Checkpoint> {
  const cache = await globalThis.caches?.open("infimm");
  const listing = await listOrRemember(hub, cache);
  const { companions, weights } = chooseFiles(hub, listing);
  const files = [...companions, weights];
  if (formatOf(weights.path) === "index") {
    const index = await (await fetchFile(hub, weights, cache, () => {})).text();
    files.push(...chooseShards(hub, listing, weights.path, shardsOf(index, weights.path)));
  }
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  const here = new Map<string, number>();
  const report = (file: RemoteFile, bytes: number): void => {
    here.set(file.path, bytes);
    hub.onDownload({
      repo: hub.repo,
      file: file.path,
      bytes: [...here.values()].reduce((a, b) => a + b, 0),
      totalBytes,
    });
  };
  for (const file of files) here.set(file.path, (await Parts.open(file, cache)).size);
  report(files[0], here.get(files[0].path)!);
  const byName = new Map(files.map((file) => [file.path, file]));
  const blobs = new Map<string, Promise<Blob>>();
  const fetchOnce = async (name: string): Promise<Blob | undefined> => {
    const file = byName.get(name);
    if (!file) return undefined;
    if (!blobs.has(name))
      blobs.set(
        name,
        fetchFile(hub, file, cache, (bytes) => report(file, bytes)),
      );
    return blobs.get(name);
  };
  return checkpointOf(hub.repo, fetchOnce, [...byName.keys()]);
}

/** The listing; if the hub cannot be asked, the one that it gave last time. */
async function listOrRemember(hub: Hub, cache: Cache | undefined): Promise<Listing> {
  const key = `${hub.endpoint}/${hub.repo}?listing=${hub.revision}`;
  const last: Listing | undefined = await (await cache?.match(key))?.json();
  try {
    const listing = await listRepository(hub, last ? { ...hub.patience, tries: 1 } : hub.patience);
    await cache?.put(key, new Response(JSON.stringify(listing))).catch(() => {}); // no room: only the next visit minds
    return listing;
  } catch (error) {
    if (!last || !(error instanceof HubError) || error.isNoRevision) throw error;
    hub.onNotice(`${error.message}. What is here of commit ${last.commit.slice(0, 8)} is used`);
    return last;
  }
}

async function fetchFile(
  hub: Hub,
  file: RemoteFile,
  cache: Cache | undefined,
  onBytes: (bytes: number) => void,
): Promise<Blob> {
  const parts = await Parts.open(file, cache);
  if (await parts.isChecked()) return parts.blob();
  await download(hub, file, parts, onBytes, hub.patience);
  return parts.finish();
}
