/** A figure drawn: the SVG without its data, and what it shows in words. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** SVG elements. */
  readonly body: string;
  /** Addresses of pictures, which `picture` shows by their index. */
  readonly pictures?: readonly string[];
  /** What there is to see, for those who do not see it: with the numbers. */
  readonly alt: string;
}

/** A figure: what it is made of, found by running the model; and how that is drawn, by a pure function. */
export interface Figure<Data> {
  measure(...args: string[]): Promise<Data>;
  draw(data: Data): Drawing;
}

/** Side of a picture before it is scaled. */
const UNIT = 100;

/** Words orange, pictures teal, latents violet; ink and paper as the reader has them. */
const STYLE = `
svg { font: 13px system-ui, sans-serif; fill: #1c1b19; }
.mute { fill: #6b675f; } .rule { stroke: #c9c4b8; fill: none; } .paper { fill: #fbfaf7; }
.word { fill: #d9661f; } .picture { fill: #1d8a80; } .latent { fill: #7a5cd0; } .line { stroke-width: 2; fill: none; }
.line.latent { stroke: #7a5cd0; } .on { fill: #fff; } .mono { font-family: ui-monospace, monospace; font-size: 12px; }
@media (prefers-color-scheme: dark) {
  svg { fill: #ece8df; } .mute { fill: #a39d91; } .rule { stroke: #4a463f; } .paper { fill: #191815; }
  .word { fill: #ff9a57; } .picture { fill: #4dc4b8; } .latent { fill: #b29cff; } .line.latent { stroke: #b29cff; }
}`;

/** A whole SVG file, with the data that it was drawn from. */
export function svgFile({ width, height, body, alt, pictures = [] }: Drawing, data: unknown): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(alt)}</title>
<metadata>${escaped(JSON.stringify(data))}</metadata>
<style>${STYLE}</style>
<defs>${pictures.map((address, i) => `<image id="p${i}" width="${UNIT}" height="${UNIT}" href="${address}"/>`).join("")}</defs>
<rect class="paper" width="${width}" height="${height}"/>
${body}
</svg>
`;
}

/** The data that a file of `svgFile` was drawn from. */
export function dataOf(svg: string): unknown {
  const [, json] = /<metadata>([\s\S]*?)<\/metadata>/.exec(svg) ?? [];
  return json === undefined ? undefined : JSON.parse(json.replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll("&amp;", "&")); // biome-ignore format: one line
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  readonly class?: string;
}

export function text(x: number, y: number, words: string, { anchor = "start", ...style }: TextStyle = {}): string {
  const kind = style.class ? ` class="${style.class}"` : "";
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}"${kind}>${escaped(words)}</text>`;
}

export function rect(x: number, y: number, width: number, height: number, style: string): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${style}/>`;
}

/** One of the drawing's pictures as a square. */
export function picture(x: number, y: number, side: number, index = 0): string {
  return `<use href="#p${index}" transform="translate(${n(x)} ${n(y)}) scale(${(side / UNIT).toFixed(4)})"/>`;
}

/** A square grid over a picture that darkens what counts less; `most` is where nothing is dark. */
export function veil(x: number, y: number, side: number, map: readonly number[], most: number): string {
  const cells = Math.sqrt(map.length);
  const size = side / cells;
  return map
    .map((value, i) => {
      const dark = 0.85 * (1 - Math.min(1, Math.max(0, value / most)));
      const [column, row] = [i % cells, Math.floor(i / cells)];
      return rect(x + column * size, y + row * size, size + 0.3, size + 0.3, `fill="#141312" opacity="${n(dark)}"`);
    })
    .join("");
}

/** At most two digits behind the point. */
function n(x: number): string {
  return String(Math.round(100 * x) / 100);
}
