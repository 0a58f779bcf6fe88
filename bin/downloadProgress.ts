import type { DownloadProgress } from "../model/checkpoint/hub/settings.ts";
import { bytesText } from "../nn/reportTable.ts";

/** Says how much is to be downloaded before it is, and on a terminal how far it is. */
export function downloadProgress(): (progress: DownloadProgress) => void {
  let told = false;
  let next = 0;
  return ({ repo, file, bytes, totalBytes }) => {
    if (!told) {
      const here = bytes > 0 ? `, of which ${bytesText(bytes)} are here already` : "";
      console.error(`${repo}: ${bytesText(totalBytes)}${here}. Ctrl-C stops it; the same command goes on with it.`);
      told = true;
    }
    if (!process.stderr.isTTY || performance.now() < next) return;
    next = performance.now() + 100;
    const percent = ((100 * bytes) / totalBytes).toFixed(1);
    process.stderr.write(
      `\r\x1b[K${percent} % of ${bytesText(totalBytes)}: ${file}${bytes === totalBytes ? "\n" : ""}`,
    );
  };
}
