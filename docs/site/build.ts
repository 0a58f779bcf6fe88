import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { decodeImage } from "../../model/processor/pictures/decodeImage.ts";
import { writePng } from "../../model/processor/pictures/formats/writePng.ts";
import { pillowResize } from "../../model/processor/pictures/pillowResize.ts";
import { SPRITE_SHEET } from "../../model/train/world/spriteSheet.ts";
import { chatPage, scripts } from "./bundles.ts";
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
  await put(join(folder, "built.js"), snapshot.script());
  await scripts(folder);
  const files = (await readdir(MODEL, { recursive: true })).filter((name) => SERVED.test(name));
  for (const name of files) await cp(join(MODEL, name), join(folder, "infimm-tiny", name));
  const styles = await Promise.all(["style", "widgets", "bench"].map((name) => read(`docs/site/${name}.css`)));
  await put(join(folder, "style.css"), [...styles, colourRules()].join(""));
  await cp("docs/figures", join(folder, "files"), { recursive: true });
  await cp("docs/bench-wasm.svg", join(folder, "files/bench-wasm.svg"));
  await writeFile(join(folder, "files/attend.png"), await quartered("docs/attend.png"));
  await writeFile(join(folder, "files/things.png"), Buffer.from(SPRITE_SHEET, "base64"));
  await chatPage(folder);
}

/** A figure that is wider than any page, a quarter as wide. */
async function quartered(path: string): Promise<Uint8Array> {
  const image = await decodeImage(new Uint8Array(await readFile(path)));
  return writePng(pillowResize(image, Math.round(image.width / 4), Math.round(image.height / 4)));
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

/** A source file, TypeScript in colours. */
async function source(file: string): Promise<string> {
  const code = await highlight(await read(file), /\.tsx?$/.test(file) ? languageOf(file) : "text");
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
