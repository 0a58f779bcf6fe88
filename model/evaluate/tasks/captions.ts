import { join } from "node:path";
import { type KarpathyImage, readKarpathy } from "../../train/readers/coco.ts";
import { everyRecord } from "../../train/readers/fields.ts";
import { captionPrompt } from "../basePrompts.ts";
import { jsonEntries } from "../data/entries.ts";
import { firstOf, oneOf } from "../data/pictures.ts";
import { bleu } from "../metrics/bleu.ts";
import { ciderD } from "../metrics/ciderD.ts";
import { ptbByCommand } from "../metrics/ptbByCommand.ts";
import { ptbTokens } from "../metrics/ptbTokens.ts";
import { rougeL } from "../metrics/rougeL.ts";
import { cleanCaption } from "../metrics/vqaClean.ts";
import type { EvalRecord, Item, ScoreOptions, Settings, Task, TaskData, TaskScore } from "../task.ts";
import { userTurn } from "./shared.ts";
import { InfimmError } from "../../../core/errors.ts";

/** What sets a captioning benchmark apart. */
export interface CaptionSource {
  readonly name: string;
  readonly title: string;
  readonly layout: string;
  readonly karpathy: string;
  /** References in COCO's caption format, where they are given apart. */
  readonly references: readonly string[];
  idOf(image: KarpathyImage): string;
  pathOf(image: KarpathyImage): string;
  /** The server's name of the prediction file. */
  readonly submission: string;
}

/** The instruction of the card's captioning tasks, for chat. */
const CAPTION_INSTRUCTION = "Please describe the image.";

/** A captioning benchmark on Karpathy's splits, as OpenFlamingo runs it: test asked, train shown, CIDEr. */
export function captionTask(source: CaptionSource): Task {
  return {
    name: source.name,
    title: source.title,
    layout: source.layout,
    defaults: { prompts: "base", beams: 3, split: "test" },
    takes: ["split", "ptb"],
    load: (folder, settings) => load(source, folder, settings),
    ask(_, [picture], demos, { prompts }) {
      if (prompts === "chat") return userTurn([picture], CAPTION_INSTRUCTION);
      return captionPrompt(
        picture,
        demos.map(({ record, pictures }) => ({ image: pictures[0], caption: record.demo ?? "" })),
      );
    },
    generation: ({ prompts, beams }) =>
      prompts === "base" ? { maxNewTokens: 20, beams, lengthPenalty: 0 } : { maxNewTokens: 64, beams },
    clean: cleanCaption,
    score,
    async submissions(items) {
      const list = items.map(({ id, answer }) => ({ image_id: numberOrText(id), caption: answer }));
      return [{ name: source.submission, content: `${JSON.stringify(list, null, 1)}\n` }];
    },
  };
}

export function numberOrText(id: string): number | string {
  return /^\d{1,15}$/.test(id) ? Number(id) : id;
}

async function load(source: CaptionSource, folder: string, { split }: Settings): Promise<TaskData> {
  const file = oneOf(folder, source.karpathy);
  const images = everyRecord(await readKarpathy(file), source.idOf);
  const given = firstOf(folder, ...source.references);
  const references = given ? await referencesIn(join(folder, given)) : undefined;
  const recordOf = (image: KarpathyImage): EvalRecord => {
    const id = source.idOf(image);
    const captions = references?.get(id) ?? image.captions;
    return {
      id,
      pictures: [{ path: source.pathOf(image) }],
      question: "",
      demo: image.captions[0],
      reference: { captions },
    };
  };
  const of = (name: string) => images.filter((image) => image.split === name).map(recordOf);
  if (!images.some((image) => image.split === split)) {
    const splits = [...new Set(images.map((image) => image.split))];
    throw new InfimmError(`${file} has no pictures of split ${split}, but of ${splits.join(", ")}`);
  }
  const files = given ? [file, join(folder, given)] : [file];
  return { records: of(split), train: of("train"), files };
}

async function referencesIn(path: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const entry of await jsonEntries(path, "annotations")) {
    const id = entry.id("image_id");
    found.set(id, [...(found.get(id) ?? []), entry.string("caption")]);
  }
  return found;
}

async function score(items: readonly Item[], { ptb }: ScoreOptions): Promise<TaskScore> {
  const texts = items.flatMap(({ id, answer, reference }) => {
    const captions = reference.captions as readonly string[];
    if (captions.length === 0) throw new InfimmError(`captions: image ${id} has no references`);
    return [answer, ...captions];
  });
  const tokens = ptb === undefined ? texts.map(ptbTokens) : await ptbByCommand(ptb, texts);
  let at = 0;
  const images = items.map(({ reference }) => {
    const [caption, ...references] = tokens.slice(at, (at += 1 + (reference.captions as readonly string[]).length));
    return { caption, references };
  });
  const [cider, blue, rouge] = [ciderD(images), bleu(images), rougeL(images)];
  const notes = [
    `${items.length} images; their references alone say how rare words are, so a part has another CIDEr than the whole.`,
    "METEOR and SPICE are not computed: they need Java; pycocoevalcap takes the prediction file.",
  ];
  if (ptb !== undefined) notes.push(`Tokens by ${ptb}.`);
  if (items.length === 1) notes.unshift("CIDEr of one image is always 0: no word is rarer than another.");
  return {
    metrics: {
      CIDEr: cider.corpus * 100,
      ...Object.fromEntries(blue.corpus.map((value, k) => [`BLEU-${k + 1}`, value * 100])),
      "ROUGE-L": rouge.corpus * 100,
    },
    tables: {},
    items: Object.fromEntries(items.map(({ id }, i) => [id, { score: cider.each[i], rule: "CIDEr-D" }])),
    units: { CIDEr: cider.each.map((value) => ({ value: value * 100 })) },
    notes,
  };
}
