import { readPicture } from "../../../model/processor/pictures/readPicture.ts";
import { Assistant } from "../../../model/generate/assistant.ts";
import { openBackend } from "../../../tensor/index.ts";
import type { Prototype } from "../../prototypes/prepared.ts";
import { InfiMM } from "../../../model/infimm.ts";
import type { Turn } from "../worker/queue.ts";
import { Bench } from "./bench.ts";
import { moduleOf } from "./moduleOf.ts";
import type { BenchJob, BenchShipped } from "./protocol.ts";

let opened: Bench | undefined;

/** Nothing changed. */
const original: Prototype = { make: (config) => new InfiMM(config) };
const prototypeOf = async (code: string | null) => (code === null ? original : await moduleOf(code));

async function open({ folder, lessons }: BenchShipped, tell: (share: number) => void): Promise<void> {
  const backend = await openBackend(typeof WebAssembly === "object" ? "wasm" : "cpu");
  const assistant = await Assistant.fromPretrained(folder, { backend, onProgress: (done, all) => tell(done / all) });
  const images = new Map<string, ReturnType<typeof readPicture>>();
  const image = (name: string) => {
    const known = images.get(name) ?? readPicture(`${folder}/pictures/${name}.png`);
    images.set(name, known);
    return known;
  };
  opened = new Bench(assistant, image, lessons);
}

/** What a worker that is called a bench does. */
export async function benchJob(job: BenchJob, turn: Turn): Promise<unknown> {
  if ("bill" in job) return Bench.bill(await prototypeOf(job.bill));
  if ("open" in job) return open(job.open, (share) => turn.tell({ share }));
  if (!opened) throw new Error("The model is not loaded yet.");
  if ("prepare" in job) return opened.prepare(await prototypeOf(job.prepare.code), job.prepare.fresh);
  if ("answers" in job) return [await opened.answers("shipped"), await opened.answers()];
  if ("train" in job) return opened.train(job.train, turn);
  if ("scores" in job) return opened.scores(job.scores, turn);
  return opened.save();
}
