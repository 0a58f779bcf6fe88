import type { RenderedPage } from "./markdown.ts";
import { SECTIONS, type Section, type SitePage } from "./pages.ts";

/** What a browser may do on these pages: nothing from elsewhere. The model's kernels are WebAssembly. */
const POLICY =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"; // biome-ignore format: one line

/** The same where a reader's code runs: in workers that are made of it, which reach no other server either. */
const POLICY_OF_CODE = POLICY.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' blob:").replace("worker-src 'self'", "worker-src 'self' blob:"); // biome-ignore format: one line

/** How to get from a page to the root of the site. */
export function rootOf({ address }: Pick<SitePage, "address">): string {
  return "../".repeat(address.split("/").length - 1) || "./";
}

/** A whole page: the list of all pages, the text, and the list of its headings. */
export function shell(
  { address, title }: Pick<SitePage, "address" | "title">,
  { html, headings }: RenderedPage,
  { pages, bar }: { readonly pages: readonly SitePage[]; readonly bar: string },
): string {
  const root = rootOf({ address });
  const at = pages.findIndex((page) => page.address === address);
  const link = (page: SitePage, rel = "") =>
    `<a href="${root}${page.address}"${rel}${page.address === address ? ' aria-current="page"' : ""}>${escaped(page.title)}</a>`;
  const section = (name: Section) =>
    `<h2>${name}</h2><ul>${pages.filter((page) => page.section === name).map((page) => `<li>${link(page)}</li>`).join("")}</ul>`; // biome-ignore format: one line
  const beside = headings.map(({ id, text }) => `<li><a href="#${id}">${escaped(text)}</a></li>`).join("");
  return htmlPage(
    { root, title, scripts: ["built.js", "site.js"], policy: html.includes("data-bench") ? POLICY_OF_CODE : POLICY },
    `${bar}
<div class="columns">
<nav aria-label="Pages" id="pages">${SECTIONS.map(section).join("")}<ul><li><a href="${root}play/">Chat with the model</a></li></ul></nav>
<main id="text">
<a class="pages" href="#pages">All pages</a>
${html}
<footer>${at > 0 ? link(pages[at - 1], ' rel="prev"') : "<span></span>"}${at >= 0 && at + 1 < pages.length ? link(pages[at + 1], ' rel="next"') : ""}</footer>
</main>
<aside aria-label="On this page">${beside ? `<h2>On this page</h2><ul>${beside}</ul>` : ""}</aside>
</div>`,
  );
}

/** A page of a source file: the file, and the ways out. There are hundreds, so that nothing is repeated on them. */
export function sourceShell({ address, title }: Pick<SitePage, "address" | "title">, html: string): string {
  const root = rootOf({ address });
  const ways = [
    [root, "InfiMM in TypeScript"],
    [`${root}read/`, "All pages"],
  ];
  return htmlPage(
    { root, title, scripts: [], policy: POLICY },
    `<nav class="where" aria-label="Pages">${ways.map(([href, name]) => `<a href="${href}">${name}</a>`).join("")}</nav>
<main id="text">
${html}
</main>`,
  );
}

interface Head {
  readonly root: string;
  readonly title: string;
  readonly scripts: readonly string[];
  readonly policy: string;
}

function htmlPage({ root, title, scripts, policy }: Head, body: string): string {
  return `<!doctype html>
<html lang="en" data-root="${root}" data-theme="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(title)} · InfiMM in TypeScript</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}style.css">
<script src="${root}theme.js"></script>
${scripts.map((name) => `<script ${name === "site.js" ? 'type="module"' : "defer"} src="${root}${name}"></script>\n`).join("")}</head>
<body>
<a class="skip" href="#text">To the text</a>
${body}
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
