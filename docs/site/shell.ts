import type { RenderedPage } from "./markdown.ts";
import type { Section, SitePage } from "./pages.ts";

/** What a browser may do on these pages: nothing from elsewhere. */
const POLICY =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self'; base-uri 'none'; form-action 'none'";

/** A whole page: the list of all pages, the text, and the list of its headings. */
export function shell(
  { address, title }: Pick<SitePage, "address" | "title">,
  { html, headings }: RenderedPage,
  pages: readonly SitePage[],
): string {
  const root = "../".repeat(address.split("/").length - 1) || "./";
  const at = pages.findIndex((page) => page.address === address);
  const link = (page: SitePage, rel = "") =>
    `<a href="${root}${page.address}"${rel}${page.address === address ? ' aria-current="page"' : ""}>${escaped(page.title)}</a>`;
  const section = (name: Section) =>
    `<h2>${name}</h2><ul>${pages.filter((page) => page.section === name).map((page) => `<li>${link(page)}</li>`).join("")}</ul>`; // biome-ignore format: one line
  const beside = headings.map(({ id, text }) => `<li><a href="#${id}">${escaped(text)}</a></li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title)} · InfiMM in TypeScript</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}style.css">
</head>
<body>
<a class="skip" href="#text">To the text</a>
<header><a class="name" href="${root}">InfiMM, taken apart</a><span><a class="pages" href="#pages">Pages</a> <a href="${root}play/">Ask the model</a></span></header>
<div class="columns">
<nav aria-label="Pages" id="pages">${section("Start")}${section("Read")}${section("Reference")}</nav>
<main id="text">
${html}
<footer>${at > 0 ? link(pages[at - 1], ' rel="prev"') : "<span></span>"}${at >= 0 && at + 1 < pages.length ? link(pages[at + 1], ' rel="next"') : ""}</footer>
</main>
<aside aria-label="On this page">${beside ? `<h2>On this page</h2><ul>${beside}</ul>` : ""}</aside>
</div>
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
