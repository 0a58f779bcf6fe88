import { readFile } from "node:fs/promises";
import { join } from "node:path";
import "../backends/register.ts";
import { Assistant } from "../model/assistant.ts";
import { readPicture } from "../model/processor/readPicture.ts";
import { parameterCount } from "../nn/parameterCount.ts";
import { halfBlocks } from "./halfBlocks.ts";
import { SHIPPED_MODEL } from "./package.ts";

/** The first pictures and questions that come with the model: three questions on two pictures. */
const QUESTIONS = 3;

interface Shipped {
  pictures: string[];
  question: string;
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const began = performance.now();
const assistant = await Assistant.fromPretrained(SHIPPED_MODEL);
const count = (parameterCount(assistant.model) / 1e6).toFixed(1);
const { image_size } = assistant.model.config.visual;
console.log(
  `infimm-tiny: an InfiMM of ${count} million parameters, loaded in ${seconds(began)}, on the CPU, in one thread.\n`,
);

const folder = join(SHIPPED_MODEL, "pictures");
const shipped = JSON.parse(await readFile(join(folder, "questions.json"), "utf8")) as Shipped[];
for (const { pictures, question } of demoQuestions(shipped)) {
  const path = join(folder, pictures[0]);
  const image = await readPicture(path);
  if (process.stdout.isTTY && process.stdout.hasColors()) console.log(halfBlocks(image, 32));
  process.stdout.write(`${path}\n  ${question}\n  > `);
  const asked = performance.now();
  for await (const piece of assistant.ask(question, [image])) process.stdout.write(piece);
  console.log(`   (${seconds(asked)})\n`);
}
console.log(`Each picture was read, brought to ${image_size} x ${image_size} pixels, seen by the image tower, summed up in 64 vectors,
and looked at by the language model, word by word. ${seconds(began)} in all.

Ask it yourself:   npx infimm ask ${join(folder, shipped[0].pictures[0])} "${shipped[0].question}"
Prove it right:    npm run golden -- check golden/fixtures/tiny-zephyr
See what it is:    npx infimm info ${SHIPPED_MODEL}
It knows little: what it was taught, and how well, is in ${join(SHIPPED_MODEL, "README.md")}.`);

/** Questions of one picture each, about two pictures: two of the first, one of the next. */
function demoQuestions(all: readonly Shipped[]): Shipped[] {
  const single = all.filter(({ pictures }) => pictures.length === 1);
  const first = single.filter(({ pictures }) => pictures[0] === single[0].pictures[0]).slice(0, QUESTIONS - 1);
  const other = single.find(({ pictures }) => pictures[0] !== single[0].pictures[0]);
  return other ? [...first, other] : first;
}
