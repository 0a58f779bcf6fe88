import { Assistant } from "../../../model/generate/assistant.ts";
import { generate, generateSteps } from "../../../model/generate/generate.ts";
import type { Prompts } from "../../../model/inputs.ts";
import type { Image } from "../../../model/processor/pictures/image.ts";
import { preprocess } from "../../../model/processor/pictures/preprocess.ts";
import { readPicture } from "../../../model/processor/pictures/readPicture.ts";
import { lens } from "../../../model/study/lens.ts";
import { StudiedAnswer } from "../../../model/study/studiedAnswer.ts";
import { type Patches, patched } from "../../../nn/patch.ts";
import { openBackend } from "../../../tensor/index.ts";
import { bytesOf } from "../marks/png.ts";
import { parseScene } from "../scene.ts";
import { drawScene } from "./drawScene.ts";
import type { Asked, PictureRef, Run, Shipped } from "./protocol.ts";
import type { Turn } from "./queue.ts";

/** How many words the next-word list has. */
const TOP = 8;
/** An answer ends here at the latest. */
const MOST_TOKENS = 40;
/** Answers that are kept with what the tower saw: the one that is shown, and the one before it. */
const KEPT = 2;

/** The model that ships, and what it has answered. It runs in the page's worker, and at build in Node. */
export class Session {
  readonly assistant: Assistant;
  readonly backend: string;
  /** Names of the pictures that come with the model. */
  readonly pictures: readonly string[];
  readonly #folder: string;
  readonly #studies = new Map<string, StudiedAnswer>();
  readonly #images = new Map<PictureRef, Promise<Image>>();

  private constructor(assistant: Assistant, backend: string, { folder, pictures }: Shipped) {
    this.assistant = assistant;
    this.backend = backend;
    this.pictures = pictures;
    this.#folder = folder;
  }

  /**
   * @param onProgress gets the share of the weights that are there
   */
  static async open(shipped: Shipped, onProgress: (share: number) => void = () => {}): Promise<Session> {
    const name = typeof WebAssembly === "object" ? "wasm" : "cpu";
    const backend = await openBackend(name);
    const assistant = await Assistant.fromPretrained(shipped.folder, {
      backend,
      onProgress: (done, total) => onProgress(done / total),
    });
    return new Session(assistant, name, shipped);
  }

  get model(): Assistant["model"] {
    return this.assistant.model;
  }

  /** The answer, told token by token, with what else might have stood in each place. */
  async run(asked: Asked, turn?: Partial<Turn>): Promise<Run> {
    const study = await this.study(asked, turn);
    const said = (await lens(study, { top: TOP })).at(-1)!.tokens;
    const blind = (await lens(study, { top: 1, pictures: false })).at(-1)!.tokens;
    const tokens = study.tokens.map((token, i) => ({
      ...token,
      probability: rounded(said[i].probability),
      blind: rounded(blind[i].probability),
      top: said[i].top.map(({ text, probability }) => ({ text, probability: rounded(probability) })),
    }));
    return { ...asked, tokens };
  }

  /** The answer with what the tower saw: what studies begin with. */
  async study(asked: Asked, turn?: Partial<Turn>): Promise<StudiedAnswer> {
    const key = JSON.stringify([asked.pictures, asked.question]);
    const known = this.#studies.get(key) ?? (await this.#answer(asked, turn));
    this.#studies.delete(key);
    this.#studies.set(key, known); // the last one is the newest
    for (const [old, study] of [...this.#studies].slice(0, -KEPT)) {
      study[Symbol.dispose]();
      this.#studies.delete(old);
    }
    return known;
  }

  async #answer(asked: Asked, { signal, tell }: Partial<Turn> = {}): Promise<StudiedAnswer> {
    const { model, processor } = this.assistant;
    const prompts = await this.prompts(asked);
    const answer: number[] = [];
    for await (const [id] of generateSteps(model, prompts, { maxNewTokens: MOST_TOKENS, signal })) {
      answer.push(id);
      tell?.({ pieces: processor.pieces(answer) });
    }
    return new StudiedAnswer(this.assistant, prompts, answer);
  }

  /** The pictures, and then the question, as the model is given them. */
  async prompts({ pictures, question }: Asked): Promise<Prompts> {
    const images = await Promise.all(pictures.map(async (ref) => ({ image: await this.image(ref) })));
    return this.assistant.processor.apply([{ role: "user", content: [...images, question] }]);
  }

  /** What the model says with something in it changed. */
  async answerWith(asked: Asked, patches: Patches, signal?: AbortSignal): Promise<string> {
    using _ = Object.keys(patches).length > 0 ? patched(this.model, patches) : undefined;
    return await this.say(await this.prompts(asked), signal);
  }

  /** The likeliest answer to a prompt. */
  async say(prompts: Prompts, signal?: AbortSignal): Promise<string> {
    const [ids] = await generate(this.model, prompts, { maxNewTokens: MOST_TOKENS, signal });
    const { tokenizer } = this.assistant.processor;
    return tokenizer.decode(ids.filter((id) => !tokenizer.isSpecial(id))).trim();
  }

  /** A picture by its name. */
  image(ref: PictureRef): Promise<Image> {
    const known = this.#images.get(ref) ?? this.#read(ref);
    this.#images.set(ref, known);
    known.catch(() => this.#images.delete(ref));
    return known;
  }

  async #read(ref: PictureRef): Promise<Image> {
    if (ref.startsWith("i:")) return readPicture(bytesOf(ref.slice(2).replaceAll("-", "+").replaceAll("_", "/")));
    const scene = parseScene(ref);
    if (scene) return drawScene(scene);
    return readPicture(`${this.#folder}/pictures/${ref}.png`);
  }

  /** What the model sees of a picture: RGB bytes of a square. */
  async see(source: Blob | PictureRef): Promise<Uint8Array> {
    const image = typeof source === "string" ? await this.image(source) : await readPicture(source);
    return preprocess(image, { size: this.model.config.visual.image_size }).pixels;
  }
}

function rounded(x: number): number {
  return Number(x.toPrecision(4));
}
