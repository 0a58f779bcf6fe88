import { report } from "../../../nn/report.ts";
import { trace } from "../../../nn/trace.ts";
import { AdamW } from "../../../nn/optim/adamW.ts";
import { compute, slice, type Tensor } from "../../../tensor/index.ts";
import { safetensorsBytes } from "../../../model/checkpoint/safetensors/encodeSafetensors.ts";
import { tiedNames } from "../../../model/checkpoint/load/tiedNames.ts";
import { configOf } from "../../../model/config/variants.ts";
import { eventLoop } from "../../../model/generate/eventLoop.ts";
import type { Assistant } from "../../../model/generate/assistant.ts";
import { generate } from "../../../model/generate/generate.ts";
import { InfiMM } from "../../../model/infimm.ts";
import { modelInputs } from "../../../model/inputs.ts";
import type { Image } from "../../../model/processor/pictures/image.ts";
import type { Message } from "../../../model/processor/text/prompt.ts";
import { plain } from "../../../model/evaluate/world/worldScore.ts";
import type { Batch } from "../../../model/train/batch.ts";
import { connectorWeightDecay } from "../../../model/train/decay.ts";
import { connectorParameters } from "../../../model/train/freeze.ts";
import { nextTokenTask } from "../../../model/train/objective.ts";
import type { BatchSource } from "../../../model/train/source.ts";
import { GATE_LR_SCALE } from "../../../model/train/tiny/recipe.ts";
import { Trainer } from "../../../model/train/trainer.ts";
import { pictureOf, worldItem } from "../../../model/train/world/evaluation.ts";
import { TASKS } from "../../../model/train/world/questions.ts";
import { Sprites } from "../../../model/train/world/sprites.ts";
import { type Prototype, prepared } from "../../prototypes/prepared.ts";
import { openingsOf } from "../studies/gates.ts";
import { rounded } from "../studies/study.ts";
import type { Turn } from "../worker/queue.ts";
import { lessonBatches } from "./lessons.ts";
import type { Bill, Fresh, Lesson, Prepared, Scores, Shown, TrainEvent, TrainParams } from "./protocol.ts";

/** An answer ends here at the latest. */
const MOST_TOKENS = 40;
/** Latents whose looks are shown, beside the mean of all. */
const LATENTS = 5;
/** The model at whose size a change is billed. */
const REAL = "infimm-zephyr";

/** What trains now. */
interface Run {
  readonly trainer: Trainer<Batch>;
  readonly source: BatchSource<Batch>;
  readonly by: string;
}

/** A model to be changed and trained, beside the one that ships, which stays as it is. */
export class Bench {
  readonly #assistant: Assistant;
  readonly #image: (name: string) => Promise<Image>;
  readonly #lessons: readonly Lesson[];
  #made: { model: InfiMM; learns: ReadonlyMap<string, Tensor> } | undefined;
  #run: Run | undefined;

  constructor(assistant: Assistant, image: (name: string) => Promise<Image>, lessons: readonly Lesson[]) {
    this.#assistant = assistant;
    this.#image = image;
    this.#lessons = lessons;
  }

  /** Of each picture the question with the longest answer: what the model is asked as it learns. */
  get asked(): Lesson[] {
    const longest = new Map<string, Lesson>();
    for (const lesson of this.#lessons) {
      const key = lesson.pictures.join();
      if ((longest.get(key)?.answer.length ?? -1) < lesson.answer.length) longest.set(key, lesson);
    }
    return [...longest.values()].filter(({ pictures }) => pictures.length === 1);
  }

  /** Put a model together, with the weights of the shipped one wherever they fit. What was there is freed. */
  prepare(prototype: Prototype, fresh: Fresh): Prepared {
    this.dispose();
    const trained = this.#assistant.model;
    const keepsConnector = prototype.keepsConnector || fresh === "gates";
    const { model, learns: anew } = prepared(trained, { ...prototype, keepsConnector });
    if (fresh === "gates") shutGates(model);
    const learns = fresh === "gates" ? connectorParameters(model) : anew;
    if (learns.size === 0) throw new Error("Nothing in this model learns: it has no part that begins anew.");
    this.#made = { model, learns };
    const inPlace = model.stateDict();
    const hasPlace = ([path, { shape }]: [string, Tensor]) => String(inPlace.get(path)?.shape) === String(shape);
    const unplaced = [...trained.stateDict()].filter((entry) => !hasPlace(entry)).length;
    return { parameters: count(model.parameters()), learning: count(learns), unplaced };
  }

  /** Train on; it can be stopped between updates, and goes on from there. Returns the updates so far. */
  async train(params: TrainParams, { signal, tell }: Partial<Turn>): Promise<number> {
    const { trainer, source } = await this.#running(params);
    const say = (event: TrainEvent) => tell?.(event);
    const last = trainer.updates + params.updates;
    if (trainer.updates === 0) say({ shown: await this.#shown(0) });
    while (trainer.updates < last) {
      await eventLoop();
      if (signal?.aborted) break;
      const { update, loss, gradNorm } = await trainer.update(await source.next());
      const gates = await openingsOf(this.#model);
      say({ trained: { update: update + 1, loss: rounded(Object.values(loss)[0]), gradNorm: rounded(gradNorm), gates } }); // biome-ignore format: one line
      if (trainer.updates % params.asksEvery === 0) say({ shown: await this.#shown(trainer.updates) });
    }
    return trainer.updates;
  }

  async #running({ source, batch, lr }: TrainParams): Promise<Run> {
    const by = JSON.stringify([source, batch, lr]);
    if (this.#run?.by === by) return this.#run;
    this.#run?.trainer.options.optimizer.dispose();
    const { model, learns } = this.#made!;
    const optimizer = new AdamW(learns, {
      lr,
      weightDecay: connectorWeightDecay(),
      groups: { "**.*_gate": { lrScale: GATE_LR_SCALE } },
    });
    const learning = { patterns: [...learns.keys()] };
    const trainer = new Trainer<Batch>({ model, task: nextTokenTask(model), learning, optimizer });
    const batches = await lessonBatches(this.#lessons, this.#image, this.#assistant.processor, { source, batch });
    this.#run = { trainer, source: batches, by };
    return this.#run;
  }

  get #model(): InfiMM {
    if (!this.#made) throw new Error("No model has been put together yet.");
    return this.#made.model;
  }

  /** What the model says to each of `asked`. */
  async answers(of: "made" | "shipped" = "made"): Promise<string[]> {
    const model = of === "made" ? this.#model : this.#assistant.model;
    const said: string[] = [];
    for (const lesson of this.asked) {
      const images = await Promise.all(lesson.pictures.map(this.#image));
      said.push(await this.#say(model, [...images.map((image) => ({ image })), lesson.question]));
    }
    return said;
  }

  async #say(model: InfiMM, content: Message["content"]): Promise<string> {
    const prompts = this.#assistant.processor.apply([{ role: "user", content }]);
    const [ids] = await generate(model, prompts, { maxNewTokens: MOST_TOKENS });
    await eventLoop();
    const { tokenizer } = this.#assistant.processor;
    return tokenizer.decode(ids.filter((id) => !tokenizer.isSpecial(id))).trim();
  }

  async #shown(update: number): Promise<Shown> {
    return { update, answers: await this.answers(), looks: await this.looks() };
  }

  /** Where the last layer of the resampler attends: the mean of all latents, then some of them. None: no such layer. */
  async looks(): Promise<number[][]> {
    const [{ pictures, question }] = this.asked;
    const image = await this.#image(pictures[0]);
    const prompts = this.#assistant.processor.apply([{ role: "user", content: [{ image }, question] }]);
    const taps = [...this.#model.modules().keys()].filter((path) => /^model\.perceiver\.layers\.\d+\.0$/.test(path));
    if (taps.length === 0) return [];
    const { acts, output } = trace(this.#model, modelInputs(prompts, this.#model.backend), { keep: [`${taps.at(-1)}:attn`] }); // biome-ignore format: one line
    output.dispose();
    const [attn] = acts.values();
    const [, , , n, keys] = attn.shape;
    const patches = keys - n - 1; // CLS is the first, and latents come last
    const values = Array.from(await compute(() => slice(attn.mean(1), 3, 1, 1 + patches)));
    attn.dispose();
    const rows = Array.from({ length: n }, (_, i) => values.slice(i * patches, (i + 1) * patches));
    const mean = rows[0].map((_, at) => rows.reduce((sum, row) => sum + row[at], 0) / n);
    const some = Array.from({ length: Math.min(LATENTS, n) }, (_, i) => rows[Math.floor((i * n) / LATENTS)]);
    return [mean, ...some].map((row) => row.map(rounded));
  }

  /** What a change costs, at real size and without weights. */
  static bill({ make }: Prototype): Bill {
    const config = configOf(REAL);
    const [before, after] = [new InfiMM(config), make(config)].map(billOf);
    const parts = [...new Set([...before.parts.keys(), ...after.parts.keys()])];
    const pair = (part: string) => [before.parts.get(part) ?? 0, after.parts.get(part) ?? 0] as const;
    return {
      rows: parts.map((part) => ({ part, parameters: pair(part) })),
      flops: [before.flops, after.flops],
      bytes: [before.bytes, after.bytes],
    };
  }

  /** Both models' answers to questions about pictures of the small world that no training draws. */
  async scores(items: number, { signal, tell }: Partial<Turn> = {}): Promise<Scores> {
    const sprites = await Sprites.load();
    const tasks: Scores["tasks"][number][] = [];
    for (const [i, task] of TASKS.entries()) {
      const right: [number, number] = [0, 0];
      for (let item = 0; item < items; item++) {
        signal?.throwIfAborted();
        const one = worldItem(task, item);
        const content = [{ image: pictureOf(one, sprites) }, one.question];
        for (const [side, model] of [this.#assistant.model, this.#model].entries()) {
          if (plain(await this.#say(model, content)) === plain(one.answer)) right[side]++;
        }
      }
      tasks.push({ task, right });
      tell?.({ share: (i + 1) / TASKS.length });
    }
    return { asked: items, tasks };
  }

  /** The changed model is freed; the shipped one stays. */
  dispose(): void {
    this.#run?.trainer.options.optimizer.dispose();
    this.#made?.model.dispose();
    this.#made = this.#run = undefined;
  }

  /** The weights as a file that `fromPretrained` and PyTorch read, in the place of the shipped ones. */
  save(): Promise<Uint8Array> {
    const tied = tiedNames(this.#model);
    const once = [...this.#model.stateDict()].filter(([name]) => !tied.has(name));
    const tensors = once.map(([name, tensor]) => ({
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      data: () => tensor.data(),
    }));
    return safetensorsBytes(tensors, { format: "pt", ...Object.fromEntries(tied) });
  }
}

/** All gates at 0: every block is the identity. */
function shutGates(model: InfiMM): void {
  for (const [path, gate] of model.parameters()) {
    if (path.endsWith("_gate")) model.setTensor(path, gate.zerosLike());
  }
}

function count(parameters: Iterable<[string, Tensor]>): number {
  let sum = 0;
  for (const [, { size }] of parameters) sum += size;
  return sum;
}

const PARTS: readonly (readonly [part: string, path: RegExp])[] = [
  ["tower", /^model\.vision_encoder\./],
  ["resampler", /^model\.perceiver\./],
  ["cross-attention", /\.gated_cross_attn_layer\./],
];

function billOf(model: InfiMM): { parts: Map<string, number>; flops: number; bytes: number } {
  const parts = new Map<string, number>([...PARTS.map(([part]) => part), "language model"].map((part) => [part, 0]));
  for (const [path, { size }] of model.parameters()) {
    const part = PARTS.find(([, pattern]) => pattern.test(path))?.[0] ?? "language model";
    parts.set(part, parts.get(part)! + size);
  }
  const { flops, bytes } = report(model).total;
  return { parts, flops, bytes };
}
