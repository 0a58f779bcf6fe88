import { Command, Option } from "commander";
import { InfimmError } from "../core/errors.ts";
import { answerWithLooks, type Look } from "../model/study/answerLooks.ts";
import { brightest } from "../model/study/brightest.ts";
import { dependence, LEAST_DEPENDENCE } from "../model/study/dependence.ts";
import { contactSheet, overlay, seenBy, TINTS } from "../model/study/overlay.ts";
import { StudiedAnswer } from "../model/study/studiedAnswer.ts";
import { type Image, makeImage } from "../model/processor/pictures/image.ts";
import { pillowResize } from "../model/processor/pictures/pillowResize.ts";
import { writeWhole } from "../model/files/writeWhole.ts";
import type { Processor } from "../model/processor/processor.ts";
import { type AnswerOptions, generateOptionsOf, questionOf, withAnswerOptions, wholeNumber } from "./answerOptions.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPictures } from "./picture.ts";
import { progressLine } from "./progressLine.ts";

const HELP = `
The file shows the pictures as the model saw them and then, for each token of the answer, two things one above the other.
Violet, attention: where the model looked when it chose the token, the cross-attention of all blocks passed on through the
resampler to the patches. Orange, dependence: what it needs. Squares of 3 x 3 patches are hidden one after the other, and
the token becomes less likely. Attention is a look and no cause: the two often differ.

Examples:
  $ infimm attend cat.png "What is in the picture?"
  $ infimm attend cat.png "What is in the picture?" --by dependence
  $ infimm attend cat.png "What is in the picture?" --token 2 -o cat.png`;

const COLUMNS = 6;

type By = "attention" | "dependence";

interface AttendOptions extends AnswerOptions {
  output: string;
  token?: number;
  by: By | "both";
}

export function attendCommand(): Command {
  const command = new Command("attend")
    .description("write a PNG of where in the picture the model looks and what it depends on, word by word")
    .usage('[options] <picture...> "<question>"')
    .argument("<question...>", "pictures, then the question")
    .option("-o, --output <file>", "the PNG to write", "attend.png")
    .option("--token <number>", "only this token of the answer, from 1, in full size", wholeNumber(1))
    .addOption(new Option("--by <what>", "what is shown").choices(["both", "attention", "dependence"]).default("both"))
    .addHelpText("after", HELP);
  return withAnswerOptions(command).action(async (words: string[], options: AttendOptions) => {
    const { pictures, question } = questionOf(command, words);
    if (pictures.length === 0) command.error("attend needs a picture to look at.");
    await attend(pictures, question, options);
  });
}

/** A token with what was found out about it. */
interface Found extends Look {
  /** Nats that the token loses when a square round a patch is hidden, of the picture that matters most to it. */
  readonly dependence?: { readonly picture: number; readonly map: readonly number[] };
}

async function attend(pictures: readonly string[], question: string, options: AttendOptions): Promise<void> {
  const { token, output, by } = options;
  const images = await openPictures(pictures, options);
  const { found, processor } = await findOut(images, question, options);
  if (token !== undefined && token > found.length) {
    throw new InfimmError(`--token ${token}: the answer has only ${found.length} tokens`);
  }
  const chosen = token === undefined ? found : [found[token - 1]];
  const side = processor.imageSize * Math.max(1, Math.round((token === undefined ? 224 : 896) / processor.imageSize));
  const sheet = await draw(images.map((image) => seenBy(processor, image)), chosen, { by, side, plain: token === undefined }); // biome-ignore format: one line
  await writeWhole(output, (sink) => sink.write(sheet));
  if (options.json) {
    console.log(JSON.stringify({ model: options.model, pictures, question, output, tokens: found }));
    return;
  }
  for (const [i, one] of found.entries())
    console.log(`${String(i + 1).padStart(3)}  ${described(one, by, images.length)}`);
  console.log(`written: ${output}`);
}

/** The answer's tokens, special ones left out, with their looks and, if it is asked for, what they depend on. */
async function findOut(
  images: readonly Image[],
  question: string,
  options: AttendOptions,
): Promise<{ found: Found[]; processor: Processor }> {
  const assistant = await loadAssistant(options);
  const { processor } = assistant;
  const how = { ...generateOptionsOf(options), system: options.system };
  const { prompts, answer, looks } = await answerWithLooks(assistant, question, images, how);
  const isShown = (_: unknown, k: number) => !processor.tokenizer.isSpecial(answer[k]);
  if (options.by === "attention") return { found: looks.filter(isShown), processor };
  using study = new StudiedAnswer(assistant, prompts, answer);
  const progress = progressLine(options.quiet);
  const falls = await dependence(study, {
    onProgress: (done, total) => progress.show(() => `hiding patches: ${done} of ${total}`),
  });
  progress.end();
  const found = looks.map((look, k) => {
    const most = falls[k].map((map) => map.reduce((a, b) => Math.max(a, b)));
    const picture = most.indexOf(Math.max(...most));
    return { ...look, dependence: { picture: picture + 1, map: Array.from(falls[k][picture]) } };
  });
  return { found: found.filter(isShown), processor };
}

/** The pictures, and then rows of tokens: where each attends, and below it what it depends on. */
async function draw(
  seen: readonly Image[],
  found: readonly Found[],
  { by, side, plain }: { by: AttendOptions["by"]; side: number; plain: boolean },
): Promise<Uint8Array> {
  const attends = ({ picture, map }: Found) => overlay(seen[picture - 1], { map, tint: TINTS.attention }, side);
  const depends = ({ dependence: what }: Found) =>
    overlay(
      seen[what!.picture - 1],
      { map: what!.map, tint: TINTS.dependence, most: Math.max(LEAST_DEPENDENCE, ...what!.map) },
      side,
    );
  const rows = plain ? [seen.map((image) => makeImage(side, side, "RGB", pillowResize(image, side, side).data))] : [];
  for (let i = 0; i < found.length; i += COLUMNS) {
    const some = found.slice(i, i + COLUMNS);
    if (by !== "dependence") rows.push(some.map(attends));
    if (by !== "attention") rows.push(some.map(depends));
  }
  return contactSheet(rows);
}

/** A line about a token. */
function described(one: Found, by: AttendOptions["by"], pictures: number): string {
  const place = (picture: number, map: readonly number[]) => {
    const { row, column } = brightest(map);
    return `${pictures > 1 ? `picture ${picture}, ` : ""}row ${row}, column ${column}`;
  };
  const parts = [JSON.stringify(one.token).padEnd(14)];
  if (by !== "dependence") {
    parts.push(`attends most to ${place(one.picture, one.map)} (${(100 * Math.max(...one.map)).toFixed(0)} %)`);
  }
  if (one.dependence) {
    const { picture, map } = one.dependence;
    const times = Math.exp(Math.max(...map));
    const less = times < 1.1 ? "depends on no patch" : `depends most on ${place(picture, map)}: without it ${rounded(times)} times less likely`; // biome-ignore format: one line
    parts.push(less);
  }
  return parts.join("  ");
}

/** Two digits of a ratio that may be very large. */
function rounded(x: number): string {
  return Number(x.toPrecision(2)).toLocaleString("en-US");
}
