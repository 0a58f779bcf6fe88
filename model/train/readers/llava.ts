import { join } from "node:path";
import type { Document, LeftOut, Part, Records } from "../documents.ts";
import { bad, Fields } from "./fields.ts";
import { sliceRecords } from "./slices.ts";

/** A conversation of LLaVA's mixtures. */
export interface LlavaConversation {
  readonly id: string;
  /** Paths below the folder of pictures; none for text-only conversations. */
  readonly images: readonly string[];
  /** In turn, the user first. */
  readonly turns: readonly { readonly role: "user" | "assistant"; readonly text: string }[];
}

const ROLES = { human: "user", gpt: "assistant" } as const;
const IMAGE = "<image>";

/**
 * `{id, image?, conversations: [{from: "human" | "gpt", value}]}`. A first turn of the assistant is dropped, as LLaVA
 * drops it. `<image>` is where pictures go: it is taken out of the texts, whose spaces round it go with it.
 */
export function llavaConversation(value: unknown, where: string): LlavaConversation & { pictures: readonly number[] } {
  const fields = new Fields(value, where);
  const id = fields.has("id") ? fields.id("id") : where;
  const said = fields.objects("conversations").map((turn) => ({ from: turn.text("from"), text: turn.string("value") }));
  const turns = (said[0]?.from === "gpt" ? said.slice(1) : said).map(({ from, text }, i) => {
    if (from !== "human" && from !== "gpt") bad("unknown speaker", `${where}: ${JSON.stringify(from)} in turn ${i}`);
    const role = ROLES[from as keyof typeof ROLES];
    if (role !== (i % 2 === 0 ? "user" : "assistant")) bad("turns not in turn", `${where}: turn ${i} is ${from}'s`);
    return { role, text };
  });
  if (turns.length < 2) bad("no answer", `${where}: ${turns.length} turns`);
  const image = fields.value["image"];
  const images = Array.isArray(image) ? fields.texts("image") : fields.has("image") ? [fields.text("image")] : [];
  const pictures = turns.map(({ role, text }) => (role === "user" ? text.split(IMAGE).length - 1 : 0));
  const asked = pictures.reduce((sum, count) => sum + count, 0);
  if (images.length === 0) return { id, images, turns, pictures: pictures.map(() => 0) }; // "<image>" is only said
  if (asked !== images.length) {
    bad("pictures and <image> differ", `${where}: ${images.length} pictures, ${asked} times ${IMAGE}`);
  }
  const clean = turns.map((turn, i) => (pictures[i] === 0 ? turn : { ...turn, text: turn.text.replaceAll(IMAGE, "").trim() })); // biome-ignore format: one line
  return { id, images, turns: clean, pictures };
}

/** One document a conversation: pictures before the text of their turn. */
export async function llavaRecords(
  path: string,
  { images, source = "llava" }: { images: string; source?: string },
): Promise<Records> {
  return sliceRecords(source, path, llavaConversation, (found) => documentOf(found, source, images));
}

function documentOf(
  { id, images, turns, pictures }: ReturnType<typeof llavaConversation>,
  source: string,
  folder: string,
): Document | LeftOut {
  const left = images.map((image) => ({ path: join(folder, image) }));
  const parts = turns.flatMap(({ role, text }, i): Part[] => {
    return [...left.splice(0, pictures[i]), { text, role, learn: role === "assistant" }];
  });
  return { id, source, layout: "chat", parts };
}
