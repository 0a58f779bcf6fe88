import { checked } from "../../core/knownNames.ts";
import { IGNORED } from "./labels.ts";
import type { Sample } from "./sample.ts";

/** What a token is to the loss. */
type Kind = "counted" | "passedOver" | "special";

const COLOURS: Readonly<Record<Kind, string>> = { counted: "\x1b[30;42m", passedOver: "\x1b[2m", special: "\x1b[36m" };
const RESET = "\x1b[0m";

/**
 * A sample as people read it: what bears loss is green (or in ⟦ ⟧, without colours), what does not is dim, and line breaks
 * are drawn. The text is cut where the sample is.
 */
export function showSample(sample: Shown, options: { colour?: boolean } = {}): string {
  const { colour = true } = checked("showSample", options, ["colour"]);
  const { id, source, layout, inputIds, labels } = sample;
  const pictures = "pictures" in sample ? sample.pictures.length : sample.pixels.length;
  const counted = labels.filter((label) => label !== IGNORED).length;
  const title = `${source} ${id} (${layout}): ${inputIds.length} tokens, ${counted} counted, ${pictures} picture${pictures === 1 ? "" : "s"}`;
  const text = runsOf(sample).map(({ kind, text }) => painted(text, kind, colour));
  return `${title}\n${text.join("")}`;
}

/** What the colours mean. */
export function showLegend(options: { colour?: boolean } = {}): string {
  const { colour = true } = checked("showLegend", options, ["colour"]);
  const kinds = [painted("bears loss", "counted", colour), painted("does not", "passedOver", colour)];
  return `${kinds.join(" ")} ${painted("<image>", "special", colour)}`;
}

type Shown = Pick<Sample, "id" | "source" | "layout" | "text" | "inputIds" | "starts" | "labels"> &
  ({ readonly pictures: readonly unknown[] } | { readonly pixels: readonly unknown[] });

/** Neighbouring tokens of one kind are one run. */
function runsOf({ text, starts, labels }: Shown): { kind: Kind; text: string }[] {
  const runs: { kind: Kind; text: string }[] = [];
  const end = starts.length === 0 ? 0 : endOfLast(text, starts);
  for (const [t, label] of labels.entries()) {
    const token = text.slice(starts[t], starts[t + 1] ?? end);
    const kind = label !== IGNORED ? "counted" : token === "<image>" ? "special" : "passedOver";
    const last = runs[runs.length - 1];
    if (last?.kind === kind) last.text += token;
    else runs.push({ kind, text: token });
  }
  return runs;
}

/** A cut sample ends with its last token: a special one, or a few letters. */
function endOfLast(text: string, starts: readonly number[]): number {
  const start = starts[starts.length - 1];
  const special = text.slice(start).match(/^<[^<>\s]*>/);
  return special ? start + special[0].length : Math.min(text.length, start + 12);
}

function painted(text: string, kind: Kind, colour: boolean): string {
  const drawn = text.replaceAll("\n", "⏎\n");
  if (!colour) return kind === "counted" ? `⟦${drawn}⟧` : drawn;
  return drawn
    .split("\n")
    .map((line) => (line === "" ? "" : COLOURS[kind] + line + RESET)) // a colour is not carried over a line's end
    .join("\n");
}
