import { join } from "node:path";
import type { Document, LeftOut, Part, Picture, Records } from "../documents.ts";
import { bad, Fields, parsedJson } from "./fields.ts";
import { type SampleFiles, TarShards, tarRecords } from "./shards.ts";
import { sliceRecords } from "./slices.ts";

/** A web page: at each place a picture or a text, in the page's order. */
export interface WebPage {
  readonly id: string;
  readonly nodes: readonly ({ readonly image: string } | { readonly text: string })[];
}

/**
 * `{images: [path or null], texts: [text or null]}`: two lists of one length, of which at each place exactly one is set.
 * In the published data `images` are addresses; here they are paths, or names of members of the sample's tar.
 */
export function webPage(value: unknown, where: string, id = where): WebPage {
  const fields = new Fields(value, where);
  const images = fields.list("images");
  const texts = fields.list("texts");
  if (images.length !== texts.length) {
    bad("lists of unequal length", `${where}: ${images.length} images, ${texts.length} texts`);
  }
  const nodes = images.map((image, i): WebPage["nodes"][number] => {
    const text = texts[i];
    if (typeof image === "string" && text === null) return { image };
    if (typeof text === "string" && image === null) return { text };
    return bad("not one of picture and text", `${where}: place ${i}`);
  });
  return { id: fields.has("id") ? fields.id("id") : id, nodes };
}

/** OBELICS as JSON lines, pictures below `images`. Addresses are left out: download them first. */
export async function obelicsRecords(
  path: string,
  { images, source = "obelics" }: { images: string; source?: string },
): Promise<Records> {
  return sliceRecords(
    source,
    path,
    (value, where, index) => webPage(value, where, String(index)),
    (page) => documentOf(page, source, async (image) => ({ path: join(images, image) })),
  );
}

/** The same in tar shards: `<key>.json` and its pictures, `<key>.0.jpg`, `<key>.1.png` … */
export async function obelicsTarRecords(
  list: string,
  { source = "obelics" }: { source?: string } = {},
): Promise<Records> {
  return tarRecords(source, await TarShards.open(list), async (sample) => {
    const page = await pageIn(sample);
    if ("leftOut" in page) return page;
    return documentOf(page, source, async (image) => {
      const ending = image.slice(image.indexOf(".") + 1).toLowerCase();
      return sample.endings.includes(ending) ? { bytes: await sample.bytes(ending) } : undefined;
    });
  });
}

async function pageIn({ key, shard, endings, bytes }: SampleFiles): Promise<WebPage | LeftOut> {
  const where = `${shard}, ${key}.json`;
  if (!endings.includes("json")) return { leftOut: "no json", detail: where };
  return parsedJson(await bytes("json"), where, (value) => webPage(value, where, key));
}

async function documentOf(
  { id, nodes }: WebPage,
  source: string,
  find: (image: string) => Promise<Picture | undefined>,
): Promise<Document | LeftOut> {
  const parts: Part[] = [];
  for (const node of nodes) {
    if ("text" in node) parts.push({ text: node.text, learn: true });
    else {
      const address = /^https?:/i.test(node.image);
      const picture = address ? undefined : await find(node.image);
      if (!picture) {
        return {
          leftOut: address ? "address instead of a picture" : "no picture file",
          detail: `${source} ${id}: ${node.image}`,
        };
      }
      parts.push(picture);
    }
  }
  if (!parts.some((part) => !("text" in part))) return { leftOut: "no picture", detail: `${source} ${id}` };
  return { id, source, layout: "web", parts };
}
