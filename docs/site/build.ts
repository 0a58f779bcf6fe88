import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { build as viteBuild } from "vite";
import { highlight, renderMarkdown } from "./markdown.ts";
import { type SitePage, sitePages } from "./pages.ts";
import { shell } from "./shell.ts";

/**
 * The docs as a site of static pages, complete without JavaScript, which any server shows from any folder: one page for
 * each Markdown file, one for each source file that they name, and the model itself under `play/`.
 *
 * @param folder where it is written; what was there is removed
 * @param play false: without the model's page
 */
export async function buildSite(folder: string, { play = true } = {}): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pages = sitePages();
  const sources = new Set<string>();
  for (const page of pages) {
    const root = "../".repeat(page.address.split("/").length - 1) || "./";
    const rendered = await renderMarkdown(await readFile(page.file, "utf8"), (href) =>
      linkOn(page, href, root, { pages, sources }),
    );
    await put(join(folder, page.address, "index.html"), shell(page, rendered, pages));
  }
  for (const file of sources) {
    const address = sourceAddress(file);
    const html = (await stat(file)).isDirectory() ? await listing(file, sources) : await source(file);
    await put(join(folder, address, "index.html"), shell({ address, title: file }, { html, headings: [] }, pages));
  }
  await cp("docs/site/style.css", join(folder, "style.css"));
  await cp("docs/figures", join(folder, "files"), { recursive: true });
  for (const name of ["attend.png", "bench-wasm.svg"]) await cp(`docs/${name}`, join(folder, "files", name));
  if (play) {
    const outDir = resolve(folder, "play");
    await viteBuild({
      configFile: "docs/page/vite.config.ts",
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    });
  }
}

/** The address on the site of what a page's link names: a page, a source file, a picture, or a place elsewhere. */
function linkOn(
  page: SitePage,
  href: string,
  root: string,
  { pages, sources }: { pages: readonly SitePage[]; sources: Set<string> },
): string {
  if (/^(https?:|mailto:|#)/.test(href)) return href;
  const [path, anchor] = href.split("#");
  const file = posix.normalize(posix.join(posix.dirname(page.file), path)).replace(/\/$/, "");
  const target = pages.find((one) => one.file === file);
  if (target) return `${root}${target.address}${anchor ? `#${anchor}` : ""}`;
  if (/\.(png|svg)$/.test(file)) return `${root}files/${posix.basename(file)}`;
  sources.add(file);
  return `${root}${sourceAddress(file)}`;
}

function sourceAddress(file: string): string {
  return `source/${file}/`;
}

function languageOf(file: string): string {
  return file.slice(file.lastIndexOf(".") + 1).replace("md", "markdown");
}

/** A source file, in colours. */
async function source(file: string): Promise<string> {
  const code = await highlight(await readFile(file, "utf8"), languageOf(file));
  return `<h1><code>${file}</code></h1><div class="code" tabindex="0">${code}</div>`;
}

/** The sources in a folder, each of which gets a page. */
async function listing(folder: string, sources: Set<string>): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.includes(".test.")).sort();
  for (const name of names) sources.add(`${folder}/${name}`);
  const items = names.map((name) => `<li><a href="${name}/"><code>${name}</code></a></li>`);
  return `<h1><code>${folder}</code></h1><ul>${items.join("")}</ul>`;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

if (import.meta.filename === process.argv[1]) {
  await buildSite("docs/site/dist");
  console.log("written: docs/site/dist; any static server shows it, as `npx vite preview --outDir docs/site/dist`");
}
