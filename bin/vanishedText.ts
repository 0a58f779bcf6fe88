import type { ConvertOptions } from "../model/checkpoint/convert/convert.ts";

/** What a conversion says of a tensor of which numbers became 0. */
export type Vanished = Parameters<NonNullable<ConvertOptions["onVanished"]>>[1];

/** One line on the numbers that became 0; with `--report`, a line for each tensor after it. */
export function vanishedText(vanished: ReadonlyMap<string, Vanished>, report?: boolean): string {
  const line = ([name, { element, value, count, dtype }]: [string, Vanished]): string =>
    `${name}: ${count} became 0 in ${dtype}, the first element ${element}, which is ${value}`;
  const [first] = vanished;
  const total = [...vanished.values()].reduce((sum, { count }) => sum + count, 0);
  const wider = first[1].dtype === "f16" ? "; bf16 has the range of f32" : "";
  const head = `warning: ${total} numbers in ${vanished.size} tensors are too small for their dtype${wider}`;
  return [head, ...[...vanished].slice(0, report ? undefined : 1).map((entry) => `  ${line(entry)}`)].join("\n");
}
