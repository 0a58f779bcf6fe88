import { bytesText } from "../nn/reportTable.ts";
import { printable, shortened } from "./printable.ts";

/** A line on the terminal that is written over, ten times a second; what ends at once shows none, nor does a pipe. */
export interface ProgressLine {
  /** `text` is asked for only when its turn comes. */
  readonly show: (text: () => string) => void;
  readonly end: () => void;
}

export function progressLine(quiet = false): ProgressLine {
  const visible = process.stderr.isTTY && !quiet;
  let next = performance.now() + 300;
  return {
    show(text) {
      if (!visible || performance.now() < next) return;
      next = performance.now() + 100;
      process.stderr.write(`\r\x1b[K${shortened(printable(text()), (process.stderr.columns || 80) - 1)}`);
    },
    end() {
      if (visible) process.stderr.write("\r\x1b[K");
    },
  };
}

/** How many bytes of long work are done. */
export function byteProgress(what: string, quiet = false) {
  const { show, end } = progressLine(quiet);
  return {
    show(done: number, total: number) {
      show(() => `${what}: ${((100 * done) / total).toFixed(0)} % (${bytesText(done)} of ${bytesText(total)})`);
    },
    end,
  };
}
