import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import "../backends/register.ts";
import { Assistant } from "../model/generate/assistant.ts";
import { readPicture } from "../model/processor/pictures/readPicture.ts";
import { parameterCount } from "../nn/parameterCount.ts";
import { bytesText } from "../nn/reportTable.ts";
import { getBackend } from "../tensor/index.ts";
import { halfBlocks } from "./halfBlocks.ts";
import { SHIPPED_MODEL } from "./package.ts";
import { printPieces } from "./printPieces.ts";

/** What the demo asks, and about which of the pictures that come with the model. */
const QUESTIONS = [
  ["fruit.png", "What is in the picture?"],
  ["fruit.png", "How many things are there?"],
  ["street.png", "Please describe the image."],
];

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const shown = (path: string) => relative(process.cwd(), path);

const began = performance.now();
const assistant = await Assistant.fromPretrained(SHIPPED_MODEL);
const { model, processor } = assistant;
const count = (parameterCount(model) / 1e6).toFixed(1);
const { size } = await stat(join(SHIPPED_MODEL, "model.safetensors"));
console.log(`infimm-tiny, an InfiMM of ${count} million parameters (${bytesText(size)}), loaded in ${seconds(began)}.
It answers on the CPU, with the ${getBackend().name} backend.\n`);

let [tokens, decoding] = [0, 0];
let last = "";
for (const [name, question] of QUESTIONS) {
  const path = join(SHIPPED_MODEL, "pictures", name);
  const image = await readPicture(path);
  if (name !== last && process.stdout.isTTY && process.stdout.hasColors()) console.log(halfBlocks(image, 32));
  last = name;
  console.log(`${shown(path)}, ${image.width} x ${image.height} pixels\n  ${question}`);
  process.stdout.write("  > ");
  const asked = performance.now();
  const text = await printPieces(assistant.ask(question, [image]), true);
  decoding += performance.now() - asked;
  tokens += processor.tokenizer.encode(text).length;
  console.log();
}
const { image_size, patch_size } = model.config.visual;
console.log(`Each picture was brought to ${image_size} x ${image_size} pixels and seen by an EVA-02 tower in patches of ${patch_size} x ${patch_size}; a resampler
summed it up in 64 vectors, and a Mistral decoder looked at those through gated cross-attention, word by word.
${(decoding / tokens).toFixed(0)} ms a token with all of that, ${seconds(began)} altogether.

Ask it yourself:    npx infimm ask ${shown(join(SHIPPED_MODEL, "pictures", "stars.png"))} "How many stars are there?"
Prove it right:     npm run golden -- check ${shown(SHIPPED_MODEL)}
See what it is:     npx infimm info ${shown(SHIPPED_MODEL)}
It knows 30 things on 8 backgrounds. What it was taught, and how well, is in ${shown(join(SHIPPED_MODEL, "README.md"))}.`);
