import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { build as viteBuild } from "vite";
import { SPRITE_SHEET } from "../../model/train/world/spriteSheet.ts";
import { shapeComments } from "../../nn/shapeComments/transform.ts";
import { THEME_SCRIPT } from "./client/theme.ts";
import { colourRules, highlight, renderMarkdown } from "./markdown.ts";
import { isApi, type SitePage, sitePages } from "./pages.ts";
import { rootOf, shell, sourceShell } from "./shell.ts";
import { MODEL, Snapshot } from "./snapshot.tsx";

/** What pages get of the model's folder. */
const SERVED = /^(config|generation_config|preprocessor_config|tokenizer|tokenizer_config|special_tokens_map)\.json$|^model\.safetensors$|^pictures\/\w+\.png$/; // biome-ignore format: one line

/** A figure that runs the model: `<!-- widget: where -->`. */
const WIDGET = /^<!-- widget: (\w+) -->$/gm;

/**
 * The docs as a site of static pages, complete without JavaScript, which any server shows from any folder: one page for
 * each Markdown file, one for each source file that they name, the scripts that bring figures to life, and the model.
 *
 * @param folder where it is written; what was there is removed
 */
export async function buildSite(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pages = sitePages();
  const sources = new Set<string>();
  const snapshot = await Snapshot.take();
  const html = (address: string, text: string) => put(join(folder, address, "index.html"), text);
  for (const page of pages) {
    const root = rootOf(page);
    const text = await withFigures(await read(page.file), snapshot, root);
    const link = (href: string) => linkOn(page, href, root, { pages, sources });
    const rendered = await renderMarkdown(text, link, { coloured: !isApi(page) });
    await html(page.address, shell(page, rendered, { pages, bar: snapshot.bar(root) }));
  }
  for (const file of sources) {
    const address = sourceAddress(file);
    const text = (await stat(file)).isDirectory() ? await listing(file, sources) : await source(file);
    await html(address, sourceShell({ address, title: file }, text));
  }
  await put(join(folder, "theme.js"), THEME_SCRIPT);
  await scripts(folder);
  const files = (await readdir(MODEL, { recursive: true })).filter((name) => SERVED.test(name));
  for (const name of files) await cp(join(MODEL, name), join(folder, "infimm-tiny", name));
  const styles = [await read("docs/site/style.css"), await read("docs/site/widgets.css"), colourRules()];
  await put(join(folder, "style.css"), styles.join(""));
  await cp("docs/figures", join(folder, "files"), { recursive: true });
  for (const name of ["attend.png", "bench-wasm.svg"]) await cp(`docs/${name}`, join(folder, "files", name));
  await writeFile(join(folder, "files/things.png"), Buffer.from(SPRITE_SHEET, "base64"));
  await playPage(folder);
}

/** The page of `docs/page`, with the model and the codecs that the others have. */
async function playPage(folder: string): Promise<void> {
  await viteBuild({
    configFile: false,
    root: resolve("docs"),
    base: "./",
    logLevel: "error",
    plugins: [{ name: "model-of-the-site", transformIndexHtml: (text) => text.replace("<html", '<html data-model="../infimm-tiny"') }],
    build: {
      outDir: resolve(folder),
      emptyOutDir: false,
      assetsDir: "scripts",
      target: "es2022",
      chunkSizeWarningLimit: 2000,
      rolldownOptions: { input: resolve("docs/page/index.html") },
    },
  }); // biome-ignore format: lines
  await rename(join(folder, "page"), join(folder, "play"));
}

/** The scripts of the pages, and the worker with the model's code, whose lines can be watched as they run. */
async function scripts(folder: string): Promise<void> {
  const output = { entryFileNames: "site.js", chunkFileNames: "scripts/[name]-[hash].js", assetFileNames: "scripts/[name]-[hash][extname]" }; // biome-ignore format: one line
  await viteBuild({
    configFile: false,
    root: import.meta.dirname,
    base: "./",
    logLevel: "error",
    plugins: [shapeComments()],
    worker: {
      format: "es",
      plugins: () => [shapeComments()],
      rolldownOptions: { output: { ...output, entryFileNames: "scripts/[name]-[hash].js" } },
    },
    build: {
      outDir: resolve(folder),
      emptyOutDir: false,
      target: "es2022",
      chunkSizeWarningLimit: 2000,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: resolve(import.meta.dirname, "client/site.tsx"), output },
    },
  });
}

/** A page's Markdown with the figures that run the model in the places of their names. */
async function withFigures(text: string, snapshot: Snapshot, root: string): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const { 0: all, 1: name, index } of text.matchAll(WIDGET)) {
    parts.push(text.slice(end, index), await snapshot.figure(name, root));
    end = index + all.length;
  }
  return parts.join("") + text.slice(end);
}

/** The address on the site of what a page's link names: a page, a source file, a picture, or a place elsewhere; or none. */
function linkOn(
  page: SitePage,
  href: string,
  root: string,
  { pages, sources }: { pages: readonly SitePage[]; sources: Set<string> },
): string | undefined {
  if (/^(https?:|mailto:|#)/.test(href)) return href;
  const [path, anchor] = href.split("#");
  const file = posix.normalize(posix.join(posix.dirname(page.file), path)).replace(/\/$/, "");
  const target = pages.find((one) => one.file === file);
  if (target) return `${root}${target.address}${anchor ? `#${anchor}` : ""}`;
  if (/\.(png|svg)$/.test(file)) return `${root}files/${posix.basename(file)}`;
  if (isApi(page)) return undefined;
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
  const code = await highlight(await read(file), languageOf(file));
  return `<h1><code>${file}</code></h1><div class="code" tabindex="0">${code}</div>`;
}

/** The sources in a folder, each of which gets a page. */
async function listing(folder: string, sources: Set<string>): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.includes(".test.")).sort();
  for (const name of names) sources.add(`${folder}/${name}`);
  const items = names.map((name) => `<li><a href="${name}/"><code>${name}</code></a></li>`);
  return `<h1><code>${folder}</code></h1><ul>${items.join("")}</ul>`;
}

function read(path: string): Promise<string> {
  return readFile(path, "utf8");
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

if (import.meta.filename === process.argv[1]) {
  await buildSite("docs/site/dist");
  console.log("written: docs/site/dist; any static server shows it, as `npx vite preview --outDir docs/site/dist`");
}
