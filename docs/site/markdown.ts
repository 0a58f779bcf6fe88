import MarkdownIt from "markdown-it";
import { createHighlighter, type Highlighter, type ShikiTransformer } from "shiki";
import temml from "temml";
import { lettersOf } from "./lettersOf.ts";
import { placesOf } from "./placesOf.ts";

const LANGUAGES = ["typescript", "javascript", "python", "shellscript", "json", "wgsl", "markdown", "html"] as const;
const NAMES: Readonly<Record<string, string>> = {
  ts: "typescript",
  js: "javascript",
  py: "python",
  sh: "shellscript",
  bash: "shellscript",
};
/** What these themes give to text that is nothing in particular: the page's style has it. */
const PLAIN = "light-dark(#0E1116, #F0F3F6)";
const THEMES = { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } as const;

/** Where a link of a page leads on the site; undefined: its text stands there without a link. */
export type Resolve = (href: string) => string | undefined;

/** What a page is made of: its HTML, and its headings for the list beside it. */
export interface RenderedPage {
  readonly html: string;
  readonly headings: readonly { readonly id: string; readonly text: string }[];
}

let highlighter: Promise<Highlighter> | undefined;
/** The colours of all code so far, for light and dark, each with the class that has it. */
const colours = new Map<string, string>();

/** The rules for the colours of code that was highlighted. A rule each, in place of a style at each word. */
export function colourRules(): string {
  return [...colours].map(([colour, name]) => `.code .${name}{color:${colour}}\n`).join("");
}

/** The class of a colour; none for the colour of plain text. */
function classOf(style: unknown): string | undefined {
  const [, colour] = /^color:(light-dark\([^)]*\))/.exec(String(style)) ?? [];
  if (colour === undefined || colour === PLAIN) return undefined;
  const name = colours.get(colour) ?? `c${colours.size}`;
  colours.set(colour, name);
  return name;
}

/**
 * Code in colours, for light and dark at once.
 * @param places the place in the sources of each line that the model runs, by its index
 */
export async function highlight(
  code: string,
  language: string,
  places: ReadonlyMap<number, string> = new Map(),
): Promise<string> {
  highlighter ??= createHighlighter({ themes: Object.values(THEMES), langs: [...LANGUAGES] });
  const name = NAMES[language] ?? language;
  const lang = (LANGUAGES as readonly string[]).includes(name) ? name : "text";
  return (await highlighter).codeToHtml(code, {
    lang,
    themes: THEMES,
    defaultColor: "light-dark()",
    mergeSameStyleTokens: true,
    transformers: [smallMarkup(places)],
  });
}

/** Elements for words with a colour and for lines that can be chosen, and for nothing else: sources stay small. */
function smallMarkup(places: ReadonlyMap<number, string>): ShikiTransformer {
  type Children = Parameters<NonNullable<ShikiTransformer["code"]>>[0]["children"];
  /** What has no attributes is what stands in it. */
  const plain = (children: Children): Children =>
    children.flatMap((node) => {
      if (node.type !== "element") return [node];
      const inner = plain(node.children as Children);
      return Object.keys(node.properties).length === 0 ? inner : [{ ...node, children: inner as typeof node.children }];
    });
  return {
    span(node) {
      const name = classOf(node.properties["style"]);
      node.tagName = "i";
      node.properties = name === undefined ? {} : { class: name };
    },
    line(node, number) {
      const place = places.get(number - 1);
      node.properties = place ? { "data-line": place } : {};
    },
    code(node) {
      node.children = plain(node.children);
    },
    pre(node) {
      node.properties = {};
    },
  };
}

const FENCES = /^```(\w*)\n([\s\S]*?)^```/gm;

/** Markdown as HTML: formulas as MathML, headings with anchors, and code highlighted unless it is not to be. */
export async function renderMarkdown(text: string, resolve: Resolve, { coloured = true } = {}): Promise<RenderedPage> {
  const blocks = new Map<string, string>();
  const letters = new Map<string, string>();
  for (const { 1: language, 2: code, index } of coloured ? text.matchAll(FENCES) : []) {
    const places = placesOf(code, text.slice(0, index));
    if (places.size > 0) letters.set(code, lettersOf(code, [...places.values()][0]));
    blocks.set(`${language}\n${code}`, await highlight(code.replace(/\n$/, ""), language, places));
  }
  const md = new MarkdownIt({ html: true, linkify: false });
  const headings: { id: string; text: string }[] = [];
  md.inline.ruler.before("escape", "formula", (state, silent) => {
    const [all, formula] = /^\$([^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)/.exec(state.src.slice(state.pos)) ?? [];
    if (all === undefined) return false;
    if (!silent) state.push("html_inline", "", 0).content = temml.renderToString(formula);
    state.pos += all.length;
    return true;
  });
  const { rules } = md.renderer;
  rules.fence = (tokens, i) => {
    const { info, content } = tokens[i];
    const code = blocks.get(`${info.trim()}\n${content}`) ?? `<pre>${md.utils.escapeHtml(content)}</pre>`;
    return `<div class="code" tabindex="0">${code}</div>\n${letters.get(content) ?? ""}`;
  };
  const open: boolean[] = []; // whether the links that are open are any
  rules.link_open = (tokens, i, options, _, self) => {
    const address = resolve(String(tokens[i].attrGet("href")));
    open.push(address !== undefined);
    if (address === undefined) return "";
    tokens[i].attrSet("href", address);
    return self.renderToken(tokens, i, options);
  };
  rules.link_close = () => (open.pop() ? "</a>" : "");
  rules.image = (tokens, i) => {
    const alt = md.utils.escapeHtml(tokens[i].content);
    return `<img src="${resolve(String(tokens[i].attrGet("src"))) ?? ""}" alt="${alt}" loading="lazy">`;
  };
  rules.heading_open = (tokens, i) => {
    const content = tokens[i + 1].content.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"); // links are their texts
    const id = anchorOf(content);
    if (tokens[i].tag === "h2") headings.push({ id, text: content.replace(/[`*]/g, "") });
    return `<${tokens[i].tag} id="${id}">`;
  };
  // a corner without a word is no heading
  rules.th_open = (tokens, i) => (tokens[i + 1].content === "" ? "<td>" : '<th scope="col">');
  rules.th_close = (tokens, i) => (tokens[i - 1].content === "" ? "</td>" : "</th>");
  rules.table_open = () => '<div class="table" tabindex="0"><table>';
  rules.table_close = () => "</table></div>";
  return { html: md.render(text), headings };
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-"); // biome-ignore format: one line
}
