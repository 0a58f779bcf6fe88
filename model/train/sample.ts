import { encodeWithStarts } from "../processor/text/tokenStarts.ts";
import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { fnv1a, mulberry32 } from "../../core/random.ts";
import type { Processor } from "../processor/processor.ts";
import { withoutMarks } from "../processor/text/literal.ts";
import { messagesOf, writeChat } from "./chatLayout.ts";
import { type Document, isLeftOut, isText, type Layout, type LeftOut, type Picture } from "./documents.ts";
import { IGNORED, labelsFromSpans } from "./labels.ts";
import { writeDocument } from "./layouts.ts";
import type { Written } from "./written.ts";

/** A document as the model takes it, its pictures not read yet. */
export interface Sample {
  readonly id: string;
  readonly source: string;
  readonly layout: Layout;
  readonly text: string;
  readonly inputIds: readonly number[];
  /** Where in `text` each token begins. */
  readonly starts: readonly number[];
  /** IGNORED where a token does not count. */
  readonly labels: readonly number[];
  /** One for each `<image>`, in their order. */
  readonly pictures: readonly Picture[];
  /** Whether its text looks at the picture after it instead of the one before. */
  readonly looksAhead: boolean;
}

/** Options of sampleOf. */
export interface SampleOptions {
  /** Tokens; longer ones lose their end. Default 792. */
  readonly maxLength?: number;
  /** Default 6. Chats and tasks are cut before the next `<image>`; other documents get no more of them. */
  readonly maxPictures?: number;
  /** In `web` documents, text before the first picture bears loss, too. Default false. */
  readonly textBeforeImages?: boolean;
  /**
   * The share of documents whose texts look at the picture that follows them (Flamingo: 0.5), drawn by source and id.
   * Default 0, as InfiMM's card says.
   */
  readonly mediaPlacement?: number;
  readonly seed?: number | string;
  /** The name of one of the checkpoint's chat templates, or a template. */
  readonly chatTemplate?: string;
  /**
   * Do as OpenFlamingo does, mistakes included: special tokens that a record spells are tokens, and no token with the
   * padding's id bears loss, which in Zephyr is also what ends an answer.
   */
  readonly emulate?: "open_flamingo";
}

/** All names of `SampleOptions`. */
export const SAMPLE_NAMES = Object.keys({
  maxLength: true,
  maxPictures: true,
  textBeforeImages: true,
  mediaPlacement: true,
  seed: true,
  chatTemplate: true,
  emulate: true,
} satisfies Record<keyof SampleOptions, true>);

/** Lays a document out, tokenises it, and says which tokens bear loss; or why it is left out. */
export function sampleOf(document: Document, processor: Processor, options: SampleOptions = {}): Sample | LeftOut {
  checked("sampleOf", options, SAMPLE_NAMES);
  const written = writtenOf(document, processor, options);
  return isLeftOut(written) ? written : sampleOfWritten(document, written, processor, options);
}

/** The same of a text that is laid out already. */
export function sampleOfWritten(
  { id, source, layout }: Omit<Document, "parts">,
  written: Written,
  processor: Processor,
  options: SampleOptions = {},
): Sample | LeftOut {
  const { mediaPlacement = 0, seed = 0 } = options;
  const sample = cut({ id, source, layout, ...tokensOf(written, processor, options) }, processor, options);
  const wrong = whatIsWrong(sample, processor);
  if (wrong !== undefined) return { leftOut: wrong, detail: `${source} ${id}` };
  const draw = mulberry32(fnv1a(`media ${seed} ${source} ${id}`), 0) / 2 ** 32;
  return { ...sample, looksAhead: draw < mediaPlacement };
}

type Tokens = Pick<Sample, "text" | "inputIds" | "starts" | "labels" | "pictures">;
type Laid = Omit<Sample, "looksAhead">;

function writtenOf(document: Document, processor: Processor, options: SampleOptions): Written | LeftOut {
  if (document.layout === "chat") {
    const messages = messagesOf(document);
    const learns = document.parts.filter(isText).map(({ learn }) => learn);
    return writeChat(processor, messages, learns, options.chatTemplate);
  }
  const { eosToken, addedTokens } = processor.tokenizer;
  const special = addedTokens.filter((token) => token.special).map(({ content }) => content);
  return writeDocument(document, {
    eosToken,
    specialTokens: options.emulate === "open_flamingo" ? [] : special,
    maxPictures: options.maxPictures ?? 6,
    textBeforeImages: options.textBeforeImages ?? false,
  });
}

function tokensOf({ text, counted, pictures }: Written, processor: Processor, { emulate }: SampleOptions): Tokens {
  const { tokenizer, imageTokenId } = processor;
  // a template that writes BOS itself gets no second
  const hasBos = tokenizer.bosToken !== "" && text.startsWith(tokenizer.bosToken);
  const { ids, starts } = encodeWithStarts(tokenizer, text, { addSpecialTokens: !hasBos });
  const labels = labelsFromSpans(ids, starts, counted, imageTokenId);
  const byId = emulate === "open_flamingo" ? tokenizer.padId : undefined;
  return {
    text: withoutMarks(text),
    inputIds: ids,
    starts,
    labels: labels.map((label) => (label === byId ? IGNORED : label)),
    pictures,
  };
}

/** Cut on the right to its length, and before a picture too many; pictures whose token is gone go with it. */
function cut(sample: Laid, { imageTokenId }: Processor, { maxLength = 792, maxPictures = 6 }: SampleOptions): Laid {
  const images = sample.inputIds.flatMap((id, t) => (id === imageTokenId ? [t] : []));
  const length = Math.min(sample.inputIds.length, maxLength, images[maxPictures] ?? Number.POSITIVE_INFINITY);
  return {
    ...sample,
    inputIds: sample.inputIds.slice(0, length),
    starts: sample.starts.slice(0, length),
    labels: sample.labels.slice(0, length),
    pictures: sample.pictures.slice(0, images.filter((t) => t < length).length),
  };
}

function whatIsWrong({ layout, inputIds, labels, pictures }: Laid, { imageTokenId }: Processor): string | undefined {
  const needsPicture = layout !== "chat" && layout !== "plain";
  if (needsPicture && pictures.length === 0) return "no picture left";
  if (needsPicture && pictures.length === 1 && inputIds[inputIds.length - 1] === imageTokenId) {
    return "nothing after its only picture";
  }
  if (labels.every((label) => label === IGNORED)) return "nothing to learn";
  return undefined;
}

/** @throws for a stage's numbers that cannot be */
export function checkSampleOptions({ maxLength = 1, maxPictures = 1, mediaPlacement = 0 }: SampleOptions): void {
  const whole = { maxLength, maxPictures };
  for (const [name, value] of Object.entries(whole)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new InfimmError(`sample: ${name} must be a whole number, 1 or more, got ${value}`);
    }
  }
  if (!(mediaPlacement >= 0 && mediaPlacement <= 1)) {
    throw new InfimmError(`sample: mediaPlacement must be a number from 0 to 1, got ${mediaPlacement}`);
  }
}
