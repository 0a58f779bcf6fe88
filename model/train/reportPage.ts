import { duration, lossOf, smoothed } from "./curves.ts";
import type { LogLine } from "./updateLog.ts";

const [WIDTH, HEIGHT, MARGIN] = [640, 200, 56];
const COLOURS = ["#2458c5", "#b3401f", "#2b7a3d", "#7a3d9a", "#8a6d00", "#00727a"];

interface Curve {
  readonly name: string;
  readonly values: readonly number[];
}

/** A page with a run's curves: losses by kind, gates, gradient norm, rate, time. It needs nothing else, and no network. */
export function reportPage(title: string, lines: readonly LogLine[]): string {
  const kinds = [...new Set(lines.flatMap(({ loss }) => Object.keys(loss)))];
  const gates = Object.keys(lines[0]?.gates ?? {});
  const seconds = lines.map((line) => Object.values(line.seconds).reduce((sum, x) => sum + x, 0));
  const all = seconds.reduce((sum, x) => sum + x, 0);
  const losses = kinds.map((name) => ({ name, values: lines.map(({ loss }) => loss[name] ?? Number.NaN) }));
  const sections = [
    section("Loss", [...losses, { name: "all, smoothed", values: smoothed(lines.map(lossOf)) }]),
    gates.length > 0 ? section("tanh of the gates", gates.map((name) => ({ name, values: lines.map((line) => line.gates[name]) }))) : "", // biome-ignore format: one line
    section("Gradient norm before clipping", [{ name: "norm", values: lines.map(({ gradNorm }) => gradNorm) }]),
    section("Learning rate", [{ name: "rate", values: lines.map(({ lr }) => lr) }]),
    section("Seconds an update", [{ name: "seconds", values: seconds }]),
  ];
  const skipped = lines.filter((line) => line.skipped).length;
  const facts = `${lines.length} updates in ${duration(all)}, ${skipped} of them skipped; last loss ${lines.length > 0 ? lossOf(lines[lines.length - 1]).toFixed(4) : "none"}`; // biome-ignore format: one line
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body{font:15px system-ui,sans-serif;max-width:720px;margin:2em auto;padding:0 1em}svg{width:100%;height:auto}text{font-size:11px}
.key{display:inline-block;margin-right:1em}.key::before{content:"";display:inline-block;width:1em;height:.2em;margin-right:.4em;vertical-align:middle;background:var(--c)}</style>
<h1>${escaped(title)}</h1><p>${escaped(facts)}</p>
${sections.join("\n")}
</html>
`;
}

function section(title: string, curves: readonly Curve[]): string {
  const values = curves.flatMap((curve) => curve.values.filter(Number.isFinite));
  if (values.length === 0) return "";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (value: number) => 10 + (HEIGHT - 20) * (high > low ? (high - value) / (high - low) : 0.5);
  const path = (of: readonly number[]) => {
    const x = (i: number) => MARGIN + ((WIDTH - MARGIN) * i) / Math.max(1, of.length - 1);
    return of.map((value, i) => (Number.isFinite(value) ? `${x(i).toFixed(1)},${y(value).toFixed(1)}` : "")).join(" ");
  };
  const colour = (i: number) => COLOURS[i % COLOURS.length];
  const lines = curves.map(
    (curve, i) => `<polyline fill="none" stroke="${colour(i)}" points="${path(curve.values)}"/>`,
  );
  const keys = curves.map(({ name }, i) => `<span class="key" style="--c:${colour(i)}">${escaped(name)}</span>`);
  const marks = [high, low].map((value) => `<text x="0" y="${y(value) + 4}">${value.toPrecision(3)}</text>`);
  return `<h2>${escaped(title)}</h2><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">${marks.join("")}${lines.join("")}</svg><p>${keys.join("")}</p>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}
