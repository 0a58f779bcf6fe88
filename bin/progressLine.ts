import { bytesText } from "../nn/reportTable.ts";

/** A line on the terminal that is written over, ten times a second; what ends at once shows none, nor does a pipe. */
export interface ProgressLine {
  readonly show: (done: number, total: number) => void;
  readonly end: () => void;
}

/** How many bytes of long work are done. */
export function byteProgress(what: string, quiet = false): ProgressLine {
  const visible = process.stderr.isTTY && !quiet;
  let next = performance.now() + 300;
  return {
    show(done, total) {
      if (!visible || performance.now() < next) return;
      next = performance.now() + 100;
      const percent = ((100 * done) / total).toFixed(0);
      process.stderr.write(`\r\x1b[K${what}: ${percent} % (${bytesText(done)} of ${bytesText(total)})`);
    },
    end() {
      if (visible) process.stderr.write("\r\x1b[K");
    },
  };
}
