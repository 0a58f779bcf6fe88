/** Values of one line of a plot, by series. */
export interface PlotRow {
  readonly label: string;
  readonly values: ReadonlyMap<string, number>;
}

export interface DotPlot {
  readonly title: string;
  /** What the axis shows. */
  readonly axis: string;
  readonly rows: readonly PlotRow[];
  /** In the order in which they are drawn and explained. */
  readonly series: readonly string[];
}

/** Told apart by shape as well as by colour. These colours are seen on white and on black (Okabe and Ito, 2008). */
const COLOURS = ["#009e73", "#56b4e9", "#8c8cd9", "#999999", "#e69f00", "#d55e00", "#cc79a7", "#b8a600", "#5a8fd6"];
const SHAPES: readonly ((x: number, y: number) => string)[] = [
  (x, y) => `<circle cx="${x}" cy="${y}" r="5"`,
  (x, y) => `<rect x="${x - 4}" y="${y - 4}" width="8" height="8"`,
  (x, y) => `<path d="M${x} ${y - 6}l6 6l-6 6l-6 -6z"`,
  (x, y) => `<path d="M${x} ${y - 5}l5.5 9.5h-11z"`,
];

const [LEFT, RIGHT, ROW, LEGEND_COLUMNS, LEGEND_ROW, WIDTH] = [275, 20, 24, 4, 20, 860];

/** Dots on a logarithmic axis, a line for each row, as SVG that suits light and dark pages. */
export function dotPlot({ title, axis, rows, series }: DotPlot): string {
  const values = rows.flatMap((row) => [...row.values.values()]);
  const least = Math.floor(Math.log2(Math.min(1, ...values)));
  const most = Math.ceil(Math.log2(Math.max(1, ...values)));
  const top = 46 + LEGEND_ROW * Math.ceil(series.length / LEGEND_COLUMNS);
  const bottom = top + ROW * rows.length;
  const place = (value: number) => rounded(LEFT + ((WIDTH - LEFT - RIGHT) * (Math.log2(value) - least)) / Math.max(1, most - least)); // biome-ignore format: one line
  const mark = (i: number, x: number, y: number, tip: string) =>
    `${SHAPES[i % SHAPES.length](x, y)} fill="${COLOURS[i % COLOURS.length]}"><title>${escaped(tip)}</title></${SHAPES[i % SHAPES.length](0, 0).slice(1).split(" ")[0]}>`; // biome-ignore format: one line

  const legend = series.map((name, i) => {
    const x = 20 + (i % LEGEND_COLUMNS) * ((WIDTH - 40) / LEGEND_COLUMNS);
    const y = 44 + LEGEND_ROW * Math.floor(i / LEGEND_COLUMNS);
    return mark(i, x, y, name) + text(x + 12, y + 4, name);
  });
  const ticks = Array.from({ length: most - least + 1 }, (_, i) => {
    const power = least + i;
    const x = place(2 ** power);
    const line = `<line class="${power === 0 ? "one" : "grid"}" x1="${x}" y1="${top}" x2="${x}" y2="${bottom}"/>`;
    return line + text(x, bottom + 16, power < 0 ? `1/${2 ** -power}` : String(2 ** power), "middle");
  });
  const lines = rows.map((row, r) => {
    const y = top + ROW * (r + 0.5);
    const guide = `<line class="grid" x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}"/>`;
    const marks = series.map((name, i) => {
      const value = row.values.get(name);
      return value === undefined ? "" : mark(i, place(value), y, `${name}: ${Number(value.toPrecision(3))}`);
    });
    return text(LEFT - 10, y + 4, row.label, "end") + guide + marks.reverse().join(""); // the first lies on top
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 48}" width="${WIDTH}" height="${bottom + 48}" role="img">
<title>${escaped(title)}</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.grid { stroke: #d8dee4 }
.one { stroke: #1f2328 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #353b44 } .one { stroke: #e6edf3 } }
</style>
${[text(20, 22, title), ...legend, ...ticks, ...lines, text((LEFT + WIDTH) / 2, bottom + 36, axis, "middle")].join("\n")}
</svg>
`;
}

function text(x: number, y: number, content: string, anchor = "start"): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const rounded = (x: number) => Math.round(10 * x) / 10;
const escaped = (s: string) => s.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
