import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { saveWeights } from "../../checkpoint/load/saveWeights.ts";
import { Assistant } from "../../generate/assistant.ts";
import { generate } from "../../generate/generate.ts";
import type { InfiMM } from "../../infimm.ts";
import type { Message } from "../../processor/text/prompt.ts";
import type { Image } from "../../processor/pictures/image.ts";
import { decodeImage } from "../../processor/pictures/decodeImage.ts";
import { pictureFile } from "../pictureFile.ts";
import { Draw } from "../world/draw.ts";
import { ask, caption, CAPTION_PROMPT, contents, CONTENTS_PROMPT, INTRODUCTION, NO_PICTURE, TASKS } from "../world/questions.ts"; // biome-ignore format: one list
import { render } from "../world/render.ts";
import type { Scene } from "../world/scene.ts";
import { Sprites } from "../world/sprites.ts";
import { MAX_NEW_TOKENS, type Tiny } from "./processor.ts";
import { SHIPPED_SCENES } from "./scenes.ts";

/** The side of a shipped picture in pixels: people look at them, too. */
const SHOWN_SIDE = 128;

/** Something asked about shipped pictures, and what is right. */
interface Asked {
  readonly pictures: readonly string[];
  readonly question: string;
  readonly expected: string;
}

interface Answered extends Asked {
  readonly answer: string;
  /** The tokens of the answer, `</s>` included. */
  readonly ids: readonly number[];
}

/**
 * Write a trained infimm-tiny as the folder that is shipped: all files of a checkpoint, weights in bf16, and `pictures/`,
 * with `questions.json` (what the model says rightly about them), `misses.json` (what it says wrongly) and
 * `conversations.json`, as the model answers greedily from these weights.
 */
export async function shipTiny(model: InfiMM, tiny: Tiny, folder: string, scenes = SHIPPED_SCENES): Promise<void> {
  await mkdir(join(folder, "pictures"), { recursive: true });
  for (const [name, content] of Object.entries(tiny.files)) await writeJson(join(folder, name), content);
  await saveWeights(model, join(folder, "model.safetensors"), { dtype: "bf16" });
  const pictures = await drawShipped(folder, scenes);
  const assistant = await Assistant.fromPretrained(folder);
  const answered: Answered[] = [];
  for (const asked of Object.entries(scenes).flatMap(questionsAbout)) {
    answered.push(await answer(assistant, pictures, asked));
  }
  const isRight = ({ expected, answer }: Answered) => answer === expected;
  const right = answered
    .filter(isRight)
    .map(({ pictures, question, answer, ids }) => ({ pictures, question, answer, ids }));
  const shown = {
    "questions.json": right,
    "misses.json": answered.filter((one) => !isRight(one)),
    "conversations.json": await rightConversations(assistant, pictures, scenes),
  };
  for (const [name, content] of Object.entries(shown)) await writeJson(join(folder, "pictures", name), content);
  assistant.dispose();
}

/** Each scene as a PNG; what the files hold, by name. */
async function drawShipped(folder: string, scenes: Readonly<Record<string, Scene>>): Promise<Map<string, Image>> {
  const sprites = await Sprites.load();
  const drawn = new Map<string, Image>();
  for (const [name, scene] of Object.entries(scenes)) {
    const { bytes } = await pictureFile({ pixels: render(scene, new Draw(`shipped ${name}`), sprites, SHOWN_SIDE) });
    await writeFile(join(folder, "pictures", `${name}.png`), bytes);
    drawn.set(`${name}.png`, await decodeImage(bytes));
  }
  return drawn;
}

/** A description, the contents, and one question of each task, of the yes-or-no ones both. */
function questionsAbout([name, scene]: [string, Scene]): Asked[] {
  const described = [
    { question: CAPTION_PROMPT, answer: caption(scene) },
    { question: CONTENTS_PROMPT, answer: contents(scene) },
  ];
  const asked = TASKS.filter((task) => task !== "caption").flatMap((task) =>
    (task === "exist" || task === "relation" ? [true, false] : [undefined]).map((yes) =>
      ask(task, scene, new Draw(`shipped ${name} ${task} ${yes}`), { yes }),
    ),
  );
  return [...described, ...asked.filter((one) => one !== undefined)].map(({ question, answer }) => ({
    pictures: [`${name}.png`],
    question,
    expected: answer,
  }));
}

async function answer(
  assistant: Assistant,
  pictures: ReadonlyMap<string, Image>,
  asked: Asked,
  earlier: Message[] = [],
): Promise<Answered> {
  const { model, processor } = assistant;
  const message = messageOf(asked, pictures);
  const [ids] = await generate(model, processor.apply([...earlier, message]), { maxNewTokens: MAX_NEW_TOKENS });
  return { ...asked, answer: processor.tokenizer.decode(ids, { skipSpecialTokens: true }), ids };
}

function messageOf({ pictures: names, question }: Asked, pictures: ReadonlyMap<string, Image>): Message {
  return { role: "user", content: [...names.map((name) => ({ image: pictures.get(name)! })), question] };
}

/** Without a picture, and about the first two of them; those in which every turn is right. */
async function rightConversations(
  assistant: Assistant,
  pictures: ReadonlyMap<string, Image>,
  scenes: Readonly<Record<string, Scene>>,
) {
  const { question, answer: expected } = INTRODUCTION;
  const conversations: Asked[][] = [
    [
      { pictures: [], question, expected },
      { pictures: [], question: "How many dogs are there?", expected: NO_PICTURE },
    ],
    Object.entries(scenes)
      .slice(0, 2)
      .map(([name, scene]) => ({ pictures: [`${name}.png`], question: CONTENTS_PROMPT, expected: contents(scene) })),
  ];
  const right = [];
  for (const turns of conversations) {
    const earlier: Message[] = [];
    const said = [];
    for (const asked of turns) {
      const { expected: wanted, ...turn } = await answer(assistant, pictures, asked, earlier);
      if (turn.answer !== wanted) break;
      earlier.push(messageOf(asked, pictures), { role: "assistant", content: turn.answer });
      said.push(turn);
    }
    if (said.length === turns.length) right.push({ turns: said });
  }
  return right;
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 1)}\n`);
}
