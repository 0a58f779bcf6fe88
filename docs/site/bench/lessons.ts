import type { Image } from "../../../model/processor/pictures/image.ts";
import type { Processor } from "../../../model/processor/processor.ts";
import type { Batch } from "../../../model/train/batch.ts";
import { collate, type PreparedSample } from "../../../model/train/collate.ts";
import type { Records } from "../../../model/train/documents.ts";
import { Feed } from "../../../model/train/feed.ts";
import { preparer } from "../../../model/train/prepare.ts";
import { type BatchSource, batchesOf } from "../../../model/train/source.ts";
import { worldRecords } from "../../../model/train/world/documents.ts";
import { Sprites } from "../../../model/train/world/sprites.ts";
import type { Lesson, TrainParams } from "./protocol.ts";

/** The stages of the small world that are about one picture, in shares. */
const WORLD = { pairs: 1, captions: 1, questions: 2 } as const;
/** As many records as no one sees the end of. */
const RECORDS = 1e6;
const SEED = "bench";

/** Batches of what is to be learnt, for ever. */
export async function lessonBatches(
  lessons: readonly Lesson[],
  image: (name: string) => Promise<Image>,
  processor: Processor,
  { source, batch }: Pick<TrainParams, "source" | "batch">,
): Promise<BatchSource<Batch>> {
  const records = source === "world" ? await worldOf() : [recordsOf(lessons, image)];
  const shares = source === "world" ? Object.values(WORLD) : [1];
  const weights = Object.fromEntries(records.map((one, i) => [one.source, shares[i]]));
  const samples = new Feed<PreparedSample>(records, { seed: SEED, weights, prepare: preparer(processor) });
  return batchesOf<PreparedSample, Batch>({
    accumulation: 1,
    parts: [{ kind: source, size: batch, samples }],
    collate: (taken, kind) => ({ ...collate(taken, processor), kind }),
  });
}

async function worldOf(): Promise<Records[]> {
  const sprites = await Sprites.load();
  return (Object.keys(WORLD) as (keyof typeof WORLD)[]).map((name) =>
    worldRecords(name, { length: RECORDS, sprites, seed: SEED }),
  );
}

function recordsOf(lessons: readonly Lesson[], image: (name: string) => Promise<Image>): Records {
  return {
    source: "questions",
    length: lessons.length,
    async at(index) {
      const { pictures, question, answer } = lessons[index];
      const parts = await Promise.all(pictures.map(async (name) => ({ pixels: await image(name) })));
      return {
        id: String(index),
        source: "questions",
        layout: "chat",
        parts: [
          ...parts,
          { text: question, learn: false, role: "user" },
          { text: answer, learn: true, role: "assistant" },
        ],
      };
    },
  };
}
