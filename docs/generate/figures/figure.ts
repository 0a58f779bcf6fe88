import { readFile } from "node:fs/promises";
import { gates } from "./gates.ts";
import { latents } from "./latents.ts";
import { lens } from "./lens.ts";
import { mask } from "./mask.ts";
import { patches } from "./patches.ts";
import { dataOf, type Figure, svgFile } from "./svg.ts";
import { tracing } from "./tracing.ts";
import { where } from "./where.ts";

// biome-ignore lint/suspicious/noExplicitAny: each draws the data that it has measured itself
const FIGURES: Record<string, Figure<any>> = { gates, latents, lens, mask, patches, tracing, where };

/** How far a measured number may be from the one in the file: exponentials differ from one JavaScript engine to the next. */
const NEAR = 2e-3;

/**
 * A figure for a page: its file, and the Markdown that shows it. As long as the numbers are those of the file that there
 * is, it stays as it is.
 */
export async function figure(
  name: string,
  ...args: string[]
): Promise<{ markdown: string; path: string; svg: string }> {
  const known = FIGURES[name];
  if (!known) throw new Error(`no figure is called "${name}"; there are ${Object.keys(FIGURES).join(", ")}`);
  const file = `figures/${[name, ...args].join("-")}.svg`;
  const path = `docs/${file}`;
  const old = dataOf(await readFile(path, "utf8").catch(() => ""));
  const measured: unknown = JSON.parse(JSON.stringify(await known.measure(...args)));
  const data = isNear(measured, old) ? old : measured;
  const drawing = known.draw(data);
  return { markdown: `![${drawing.alt.replace(/[[\]]/g, "\\$&")}](${file})`, path, svg: svgFile(drawing, data) };
}

/** Whether two JSON values are the same but for the last digits of their numbers. */
export function isNear(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= NEAR * Math.max(1, Math.abs(b));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length && left.every(([key, value]) => isNear(value, (b as Record<string, unknown>)[key]))
  );
}
