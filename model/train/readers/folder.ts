import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { InfimmError } from "../../../core/errors.ts";
import type { Document, LeftOut, Records } from "../documents.ts";

/** What is asked about a picture that comes with a caption only: the card's words for captions. */
const QUESTION = "Please describe the image.";

const PICTURES = new Set([".png", ".jpg", ".jpeg", ".webp"]);

/** One line of metadata.jsonl. */
interface Line {
  readonly file_name?: unknown;
  readonly text?: unknown;
  readonly question?: unknown;
}

/**
 * A folder of pictures and what to say about them, as Hugging Face's `imagefolder` has it: `metadata.jsonl` with
 * `{"file_name": "a.png", "text": "A caption."}` a line, and if you like a `"question"`; or, without that file, a caption
 * in `a.txt` beside each `a.png`.
 *
 * @param layout "chat" (default): the picture with the question, and the caption as the answer; "pair": the caption alone
 */
export async function folderRecords(folder: string, layout: "chat" | "pair" = "chat"): Promise<Records> {
  const lines = await metadataOf(folder);
  if (lines.length === 0) throw new InfimmError(`${folder}: has no pictures with captions: ${EXPECTED}`);
  const source = basename(folder);
  return {
    source,
    length: lines.length,
    async at(index) {
      const line = await lines[index]();
      const detail = `${source} ${index + 1}`;
      if (!line || typeof line.file_name !== "string") return { leftOut: "no file_name", detail };
      if (typeof line.text !== "string" || line.text.trim() === "") return { leftOut: "no caption", detail: line.file_name }; // biome-ignore format: one line
      return documentOf(source, join(folder, line.file_name), line as Required<Line> & { file_name: string; text: string }, layout); // biome-ignore format: one line
    },
  };
}

const EXPECTED = 'expected metadata.jsonl with {"file_name": …, "text": …} a line, or a .txt beside each picture';

function documentOf(
  source: string,
  path: string,
  { file_name: id, text, question }: { file_name: string; text: string; question?: unknown },
  layout: "chat" | "pair",
): Document | LeftOut {
  const answer = { text: text.trim(), learn: true };
  if (layout === "pair") return { id, source, layout, parts: [{ path }, answer] };
  const asked = typeof question === "string" ? question : QUESTION;
  return {
    id,
    source,
    layout,
    parts: [{ path }, { text: asked, learn: false, role: "user" }, { ...answer, role: "assistant" }],
  };
}

/** The lines, read when they are asked for. */
async function metadataOf(folder: string): Promise<(() => Promise<Line | undefined>)[]> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw new InfimmError(`${folder}: cannot be read as a folder: ${cause.message}`, { cause });
  });
  if (names.includes("metadata.jsonl")) {
    const text = await readFile(join(folder, "metadata.jsonl"), "utf8");
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => async () => parsed(line));
  }
  const pictures = names.filter((name) => PICTURES.has(extname(name).toLowerCase())).sort();
  return pictures.map((name) => async () => {
    const caption = join(folder, `${name.slice(0, -extname(name).length)}.txt`);
    return { file_name: name, text: await readFile(caption, "utf8").catch(() => undefined) };
  });
}

function parsed(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
