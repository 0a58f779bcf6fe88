import type { Document, Layout, LeftOut, Part, Picture, Records } from "../documents.ts";
import { bad, Fields, parsedJson } from "./fields.ts";
import { type SampleFiles, TarShards, tarRecords } from "./shards.ts";

const LAYOUTS: readonly string[] = ["pair", "interleaved", "web", "task", "chat", "plain"] satisfies Layout[];
const ROLES: readonly string[] = ["system", "user", "assistant"];

/** A document as its JSON has it: a picture is the ending of its file in the sample. */
type StoredPart = Exclude<Part, Picture> | { readonly picture: string };

/**
 * Documents as `infimm data convert` writes them, whatever they were: `<key>.json` with `{id, source, layout, parts}`, and
 * the pictures beside it, `<key>.0.jpg`, `<key>.1.png` … What bears loss is kept.
 */
export async function documentRecords(
  list: string,
  { source = "documents" }: { source?: string } = {},
): Promise<Records> {
  return tarRecords(source, await TarShards.open(list), (sample) => documentIn(sample, source));
}

async function documentIn({ key, shard, endings, bytes }: SampleFiles, source: string): Promise<Document | LeftOut> {
  const where = `${shard}, ${key}.json`;
  if (!endings.includes("json")) return { leftOut: "no json", detail: where };
  const stored = parsedJson(await bytes("json"), where, storedDocument);
  if ("leftOut" in stored) return stored;
  const parts: Part[] = [];
  for (const part of stored.parts) {
    if (!("picture" in part)) parts.push(part);
    else if (endings.includes(part.picture)) parts.push({ bytes: await bytes(part.picture) });
    else return { leftOut: "no picture file", detail: `${where}: ${part.picture}` };
  }
  return { id: stored.id, source, layout: stored.layout, parts };
}

function storedDocument(value: unknown, where: string): { id: string; layout: Layout; parts: StoredPart[] } {
  const fields = new Fields(value, where);
  const layout = fields.text("layout");
  if (!LAYOUTS.includes(layout)) bad("unknown layout", `${where}: ${layout}`);
  const parts = fields.objects("parts").map((part): StoredPart => {
    if (part.has("picture")) return { picture: part.text("picture") };
    const role = part.optionalText("role");
    if (role !== undefined && !ROLES.includes(role)) bad("unknown speaker", `${where}: ${role}`);
    const said = { text: part.string("text"), learn: part.value["learn"] === true };
    return role === undefined ? said : { ...said, role: role as "user" };
  });
  return { id: fields.id("id"), layout: layout as Layout, parts };
}
