import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeText } from "../../files/writeWhole.ts";
import { type Document, isText, type Picture, type Text } from "../documents.ts";
import { pictureFile } from "../pictureFile.ts";
import { writeTar } from "../readers/writeTar.ts";
import { worldRecords, type WorldSource } from "./documents.ts";
import { Sprites } from "./sprites.ts";

export interface WriteWorldOptions {
  /** Documents of each format. */
  readonly count: number;
  readonly seed?: number | string;
  readonly signal?: AbortSignal;
}

/**
 * Write documents of the small world as the public formats have them, so that any program can read them: `images/`,
 * COCO's `captions.json`, VQAv2's `questions.json` and `annotations.json`, LLaVA's `llava.json`, and MMC4 as OpenFlamingo's
 * tar, `mmc4.tar`, with the pictures inside.
 *
 * @returns what `openData` and `infimm data inspect` call them
 */
export async function writeWorld(folder: string, { count, seed = 0, signal }: WriteWorldOptions): Promise<string[]> {
  const images = join(folder, "images");
  await mkdir(images, { recursive: true });
  const sprites = await Sprites.load();
  const drawn = async (source: WorldSource): Promise<Document[]> => {
    const records = worldRecords(source, { length: count, sprites, seed });
    const documents: Document[] = [];
    for (let i = 0; i < count; i++) {
      signal?.throwIfAborted();
      documents.push((await records.at(i)) as Document);
    }
    return documents;
  };
  /** Writes a document's pictures -> their names. */
  const stored = (prefix: string, { id, parts }: Document): Promise<string[]> =>
    Promise.all(
      picturesOf(parts).map(async (picture, i) => {
        const { bytes, ending } = await pictureFile(picture);
        const name = `${prefix}-${id.padStart(6, "0")}-${i}.${ending}`;
        await writeFile(join(images, name), bytes);
        return name;
      }),
    );
  const json = (name: string, value: unknown) => writeText(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);

  await json("captions.json", await cocoCaptions(await drawn("captions"), stored));
  const { questions, annotations } = await vqa(await drawn("questions"), stored);
  await json("questions.json", { questions });
  await json("annotations.json", { annotations });
  await json("llava.json", await llava(await drawn("conversations"), stored));
  await writeMmc4(join(folder, "mmc4.tar"), await drawn("interleaved"), signal);
  return [
    `captions:${join(folder, "captions.json")}?images=${images}`,
    `vqa:${join(folder, "questions.json")}?annotations=${join(folder, "annotations.json")}&images=${images}`,
    `llava:${join(folder, "llava.json")}?images=${images}`,
    `mmc4:${join(folder, "mmc4.tar")}?minBytes=0`,
  ];
}

type Store = (prefix: string, document: Document) => Promise<string[]>;

const picturesOf = (parts: Document["parts"]): Picture[] => parts.filter((part): part is Picture => !isText(part));
const textsOf = (parts: Document["parts"], learn: boolean): Text[] =>
  parts.filter((part): part is Text => isText(part) && part.learn === learn);

async function cocoCaptions(documents: readonly Document[], store: Store): Promise<object> {
  const found = await Promise.all(
    documents.map(async (document, id) => ({
      image: { id, file_name: (await store("caption", document))[0] },
      annotation: { id, image_id: id, caption: textsOf(document.parts, true)[0].text },
    })),
  );
  return { images: found.map(({ image }) => image), annotations: found.map(({ annotation }) => annotation) };
}

/** A question a record: a document has several about its picture, each followed by the instruction, then its answer. */
async function vqa(
  documents: readonly Document[],
  store: Store,
): Promise<{ questions: object[]; annotations: object[] }> {
  const [questions, annotations]: object[][] = [[], []];
  for (const document of documents) {
    const [image_id] = await store("question", document);
    const asked = textsOf(document.parts, false).filter((_, i) => i % 2 === 0);
    for (const [i, { text: answer }] of textsOf(document.parts, true).entries()) {
      const question_id = questions.length;
      questions.push({ question_id, image_id, question: asked[i].text });
      const answers = Array.from({ length: 10 }, (_, k) => ({ answer, answer_confidence: "yes", answer_id: k + 1 }));
      annotations.push({ question_id, image_id, multiple_choice_answer: answer, answers });
    }
  }
  return { questions, annotations };
}

async function llava(documents: readonly Document[], store: Store): Promise<object[]> {
  const FROM = { user: "human", assistant: "gpt" } as const;
  return Promise.all(
    documents.map(async (document) => {
      const names = await store("chat", document);
      const conversations: { from: string; value: string }[] = [];
      let before = "";
      for (const part of document.parts) {
        if (!isText(part)) before += "<image>\n";
        else {
          conversations.push({ from: FROM[part.role as keyof typeof FROM], value: before + part.text });
          before = "";
        }
      }
      return { id: document.id, image: names.length === 1 ? names[0] : names, conversations };
    }),
  );
}

/** Each picture is like its own sentence alone. */
async function writeMmc4(path: string, documents: readonly Document[], signal?: AbortSignal): Promise<void> {
  const members: [name: string, bytes: Uint8Array][] = [];
  for (const { id, parts } of documents) {
    const text_list = textsOf(parts, true).map(({ text }) => text);
    const files = await Promise.all(picturesOf(parts).map(pictureFile));
    const image_info = files.map(({ bytes, ending }, i) => ({
      image_name: `${id}-${i}.${ending}`,
      image_base64: Buffer.from(bytes).toString("base64"),
      matched_text_index: i,
      matched_sim: 1,
    }));
    const similarity_matrix = files.map((_, i) => text_list.map((_, k) => Number(i === k)));
    const json = JSON.stringify({ text_list, image_info, similarity_matrix });
    members.push([`${id.padStart(9, "0")}.json`, new TextEncoder().encode(json)]);
  }
  await writeTar(path, members, signal);
}
