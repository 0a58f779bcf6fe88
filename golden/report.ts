import type { Check } from "./check.ts";
import { diagnose } from "./diagnose.ts";

const WIDTH = 960;
const HEIGHT = 260;
const LOW = -9; // the plot's range of errors, as powers of ten
const HIGH = 0;

/** A page on a check: error by layer as a plot, and every path in a table. It needs no other file. */
export function htmlReport(title: string, checks: readonly Check[]): string {
  const cases = [...new Set(checks.map((check) => `${check.set}: ${check.case}`))];
  const failed = checks.filter((check) => !check.passed).length;
  const sections = cases.map((name) => section(name, checks.filter((check) => `${check.set}: ${check.case}` === name))); // biome-ignore format: one line
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>
  :root { color-scheme: light dark; --bad: #d33; --good: #2a8; --line: #8886; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; font-size: 13px; }
  td, th { text-align: left; padding: 2px 8px; border-bottom: 1px solid var(--line); }
  td:nth-child(n+4) { font-variant-numeric: tabular-nums; }
  tr.bad { color: var(--bad); font-weight: 600; }
  svg { width: 100%; height: auto; } text { font-size: 11px; fill: currentColor; }
  pre { background: #8882; padding: 1rem; overflow-x: auto; }
</style>
<h1>${escapeHtml(title)}</h1>
<p>${checks.length - failed} passed, ${failed} failed. A dot is one path: its relative error against PyTorch in float64,
in the order of computation. The line is PyTorch's own float32 error, the unit in which we are measured.</p>
${failed > 0 ? `<pre>${escapeHtml(diagnose(checks)!.text)}</pre>` : ""}
${sections.join("\n")}
</html>
`;
}

function section(name: string, checks: readonly Check[]): string {
  const rows = checks.map(
    (c) => `<tr class="${c.passed ? "" : "bad"}"><td>${c.kind}</td><td>${c.how}</td><td>${escapeHtml(c.path)}</td>
<td>${show(c.error)}</td><td>${Number.isFinite(c.ratio) ? c.ratio.toFixed(2) : "∞"}</td><td>${escapeHtml(c.note ?? "")}</td></tr>`,
  );
  return `<h2>${escapeHtml(name)}</h2>
${plot(checks.filter((c) => c.kind !== "ids"))}
<details><summary>${checks.length} checks</summary><table>
<tr><th>kind</th><th></th><th>path</th><th>relative error</th><th>times PyTorch's</th><th></th></tr>
${rows.join("\n")}
</table></details>`;
}

/** Errors on a logarithmic scale, in order. */
function plot(checks: readonly Check[]): string {
  const x = (i: number) => (40 + ((WIDTH - 50) * (i + 0.5)) / checks.length).toFixed(1);
  const y = (error: number) => {
    const power = Math.min(HIGH, Math.max(LOW, Math.log10(Math.max(error, 1e-12))));
    return (10 + ((HEIGHT - 20) * (HIGH - power)) / (HIGH - LOW)).toFixed(1);
  };
  const grid = Array.from({ length: HIGH - LOW + 1 }, (_, i) => LOW + i).map(
    (power) => `<line x1="40" x2="${WIDTH - 10}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" stroke="#8884"/>
<text x="2" y="${y(10 ** power)}" dy="4">1e${power}</text>`,
  );
  const theirs = checks.map(
    (c, i) => `${x(i)},${y(Number.isFinite(c.error) && c.ratio > 0 ? c.error / c.ratio : 1e-9)}`,
  );
  const dots = checks.map(
    (c, i) => `<circle cx="${x(i)}" cy="${y(c.error)}" r="2.5" fill="var(--${c.passed ? "good" : "bad"})">` +
      `<title>${escapeHtml(c.path)} (${c.how} ${c.kind}): ${show(c.error)}</title></circle>`,
  ); // biome-ignore format: text
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="relative error by path">
${grid.join("\n")}
<polyline points="${theirs.join(" ")}" fill="none" stroke="#88a" stroke-width="1"/>
${dots.join("\n")}</svg>`;
}

function show(error: number): string {
  return Number.isFinite(error) ? error.toExponential(2) : "∞";
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
