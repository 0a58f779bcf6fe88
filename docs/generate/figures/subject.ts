import { readFile } from "node:fs/promises";
import { Assistant } from "../../../model/generate/assistant.ts";
import type { Image } from "../../../model/processor/pictures/image.ts";
import { readPicture } from "../../../model/processor/pictures/readPicture.ts";
import type { Message } from "../../../model/processor/text/prompt.ts";
import { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import { openBackend } from "../../../tensor/index.ts";

const MODEL = "model/infimm-tiny";
const QUESTION = "What is in the picture?";

let loading: Promise<Assistant> | undefined;

/** The model that ships: all figures are of its runs. */
export function shipped(): Promise<Assistant> {
  loading ??= openBackend("wasm").then((backend) => Assistant.fromPretrained(MODEL, { backend }));
  return loading;
}

/** One of the pictures that come along. */
export function shippedPicture(name: string): Promise<Image> {
  return readPicture(pathOf(name));
}

function pathOf(name: string): string {
  return `${MODEL}/pictures/${name}.png`;
}

/** The question that all figures ask. */
export async function conversation(name: string): Promise<Message[]> {
  return [{ role: "user", content: [{ image: await shippedPicture(name) }, QUESTION] }];
}

const studies = new Map<string, Promise<StudiedAnswer>>();

/** What the model says of a picture, once for all figures. */
export function studyOf(name: string): Promise<StudiedAnswer> {
  const study = studies.get(name) ?? Promise.all([shipped(), conversation(name)]).then((given) => StudiedAnswer.of(...given)); // biome-ignore format: one line
  studies.set(name, study);
  return study;
}

/** A picture that comes along, as an address that stands for the file. They are square, as the model sees them. */
export async function pictureAddress(name: string): Promise<string> {
  return `data:image/png;base64,${(await readFile(pathOf(name))).toString("base64")}`;
}

/** Index of a word among the tokens of an answer. */
export function indexOfWord(study: StudiedAnswer, word: string): number {
  const at = study.tokens.findIndex(({ text }) => text.trim() === word);
  if (at >= 0) return at;
  throw new Error(`the answer has no token "${word}": ${study.tokens.map(({ text }) => text).join("")}`);
}
