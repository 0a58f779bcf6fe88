import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import { checked } from "../../../core/knownNames.ts";
import { readBytes } from "../../files/readFile.ts";
import { type Document, isLeftOut, isText, type LeftOut, type Picture, type Records } from "../documents.ts";
import { bad, Fields, parsed } from "./fields.ts";
import { type Limits, PICTURE_ENDINGS, type PairOptions, pairOf, requireWithin } from "./pairs.ts";
import { groupMembers } from "./tar.ts";

/** What is asked about a picture that comes with a caption only: the card's words for captions. */
const QUESTION = "Please describe the image.";

/** What a folder's records are: conversations, or pictures with a text each. */
export type FolderLayout = "chat" | "pair";

/**
 * A folder of pictures and what to say about them, as Hugging Face's `imagefolder` has it: `metadata.jsonl` with
 * `{"file_name": "a.png", "text": "A caption."}` a line, and if you like a `"question"`; or, without that file, a caption
 * in `a.txt` beside each `a.png`, in this folder and those in it.
 *
 * @param layout "chat" (default): the picture with the question, and the caption as the answer; "pair": the caption alone
 */
export async function folderRecords(
  folder: string,
  layout: FolderLayout = "chat",
  options: PairOptions = {},
): Promise<Records> {
  const { limits = {}, source = basename(folder) } = checked("folderRecords", options, ["source", "limits"]);
  const names = await readdir(folder, { recursive: true }).catch((cause: Error) => {
    throw new InfimmError(`${folder}: cannot be read as a folder: ${cause.message}`, { cause });
  });
  const read = names.includes("metadata.jsonl") ? await metadataLines(folder, limits) : captionFiles(folder, names, limits); // biome-ignore format: one choice
  if (read.length === 0) throw new InfimmError(`${folder}: has no pictures with captions: ${EXPECTED}`);
  return {
    source,
    length: read.length,
    async at(index) {
      const said = await read[index]();
      return isLeftOut(said) ? said : documentOf(said, source, layout);
    },
  };
}

const EXPECTED = 'expected metadata.jsonl with {"file_name": …, "text": …} a line, or a .txt beside each picture';

/** A picture and what is said about it. */
interface Said {
  /** The picture's path below the folder. */
  readonly id: string;
  readonly picture: Picture;
  readonly text: string;
  readonly question?: string;
}

function documentOf({ id, picture, text, question = QUESTION }: Said, source: string, layout: FolderLayout): Document {
  const answer = { text: text.trim(), learn: true };
  if (layout === "pair") return { id, source, layout, parts: [picture, answer] };
  const asked = { text: question, learn: false, role: "user" } as const;
  return { id, source, layout, parts: [picture, asked, { ...answer, role: "assistant" }] };
}

type Read = () => Promise<Said | LeftOut>;

async function metadataLines(folder: string, limits: Limits): Promise<Read[]> {
  const path = join(folder, "metadata.jsonl");
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.flatMap((line, i) =>
    line.trim() === "" ? [] : [async () => parsed(() => saidIn(line, folder, `${path}, line ${i + 1}`, limits))],
  );
}

function saidIn(line: string, folder: string, where: string, limits: Limits): Said {
  let value: unknown = {};
  try {
    value = JSON.parse(line);
  } catch {
    // a line that is none has no file_name
  }
  const fields = new Fields(value, where);
  const id = typeof fields.value["file_name"] === "string" ? fields.text("file_name") : bad("no file_name", where);
  const text = fields.value["text"];
  if (typeof text !== "string" || text.trim() === "") return bad("no caption", id);
  requireWithin(fields, limits);
  return { id, picture: { path: join(folder, id) }, text, question: fields.optionalText("question") };
}

/** Files by their name up to its first dot; those without a picture and without a caption are something else. */
function captionFiles(folder: string, names: readonly string[], limits: Limits): Read[] {
  const sorted = names.map((name) => name.replaceAll("\\", "/")).sort();
  return groupMembers(sorted.map((name) => [name, name] as const)).flatMap(({ key, files }): Read[] => {
    const endings = Object.keys(files);
    const picture = endings.find((one) => PICTURE_ENDINGS.includes(one));
    if (picture === undefined && !endings.includes("txt")) return [];
    const id = files[picture ?? "txt"];
    const bytes = (ending: string) => readBytes(join(folder, files[ending]), "file");
    return [
      async () => {
        if (!endings.includes("txt")) return { leftOut: "no caption", detail: id };
        const pair = await pairOf({ key, shard: folder, endings, bytes }, "", limits);
        if (isLeftOut(pair)) return pair;
        const text = pair.parts.find(isText)?.text ?? "";
        return { id, picture: pair.parts[0] as Picture, text };
      },
    ];
  });
}
