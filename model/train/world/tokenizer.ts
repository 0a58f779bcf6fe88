import type { TokenizerConfig, TokenizerJson } from "../../processor/text/tokenizerFiles.ts";
import { InfimmError } from "../../../core/errors.ts";
import { FEW_SHOT_WORDS } from "./fewShot.ts";
import { CAPTION_PROMPT, CONTENTS_PROMPT, INTRODUCTION, NO_PICTURE } from "./questions.ts";
import { SHORT_ANSWER, textRow } from "./text.ts";
import { BACKGROUNDS, COLOURS, COLUMNS, NUMBERS, plural, ROWS, SHAPES, THINGS, withArticle } from "./words.ts";

/*
 * The tokenizer of infimm-tiny: built like Zephyr's (BPE, byte fallback, a leading "▁" per segment), only smaller.
 * ids: 0 <unk>, 1 <s>, 2 </s>, 3-258 the bytes, then the pieces, and last <|endofchunk|> and <image>. Every word of the
 * world is one piece, and so is a place ("top left"); any other text falls back to letters and bytes.
 */

const SPECIALS = ["<unk>", "<s>", "</s>"];
const LAST = ["<|endofchunk|>", "<image>"];
const MAX_LENGTH = 512;

const CHAT_TEMPLATE =
  "{% for message in messages %}{% if message['role'] in ['system', 'user', 'assistant'] %}" +
  "{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}{% endif %}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";

/** tokenizer.json */
export function tokenizerJson(): TokenizerJson {
  const { pieces, merges } = withPlaces(learnPieces(worldWords()));
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const vocabulary = [...SPECIALS, ...bytes, ...pieces];
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = [
    ...SPECIALS.map((content, id) => ({ id, content, ...plain })),
    ...LAST.map((content, i) => ({ id: vocabulary.length + i, content, ...plain })),
  ];
  const bos = { SpecialToken: { id: "<s>", type_id: 0 } };
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [bos, sequence("A", 0)],
      pair: [bos, sequence("A", 0), { SpecialToken: { id: "<s>", type_id: 1 } }, sequence("B", 1)],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
      merges: merges.map((pair) => pair.join(" ")),
    },
  } as unknown as TokenizerJson;
}

/** tokenizer_config.json for a tokenizer.json of this world. */
export function tokenizerConfig({ added_tokens = [] }: TokenizerJson): TokenizerConfig {
  const flags = { lstrip: false, normalized: false, rstrip: false, single_word: false, special: true };
  return {
    added_tokens_decoder: Object.fromEntries(added_tokens.map(({ id, content }) => [id, { content, ...flags }])),
    additional_special_tokens: LAST,
    bos_token: "<s>",
    eos_token: "</s>",
    pad_token: "</s>",
    unk_token: "<unk>",
    chat_template: CHAT_TEMPLATE,
    clean_up_tokenization_spaces: false,
    model_max_length: MAX_LENGTH,
    padding_side: "left",
    truncation_side: "left",
    spaces_between_special_tokens: false,
    tokenizer_class: "PreTrainedTokenizerFast",
  } as TokenizerConfig;
}

/** special_tokens_map.json */
export function specialTokensMap(): object {
  const flags = { lstrip: false, normalized: false, rstrip: false, single_word: false };
  const named = { bos_token: "<s>", eos_token: "</s>", pad_token: "</s>", unk_token: "<unk>" };
  return {
    additional_special_tokens: LAST.map((content) => ({ content, ...flags })),
    ...Object.fromEntries(Object.entries(named).map(([name, content]) => [name, { content, ...flags }])),
  };
}

/** Every word of the world's texts, with "▁" as it stands inside a sentence and without (as after a line break). */
function worldWords(): string[] {
  const names = [...COLOURS, ...SHAPES, ...THINGS, ...BACKGROUNDS, ...ROWS, ...COLUMNS, ...NUMBERS, "shape", "thing"];
  const kinds = [...SHAPES, ...THINGS, "shape", "thing"];
  const texts = [...names, ...kinds.map(plural), ...names.map(withArticle), "first second yes no", ...FEW_SHOT_WORDS];
  texts.push(CAPTION_PROMPT, CONTENTS_PROMPT, SHORT_ANSWER, NO_PICTURE, INTRODUCTION.question, INTRODUCTION.answer);
  texts.push("Which picture has a star?", "This is a dax.", "above below left right of");
  for (let i = 0; i < 400; i++) texts.push(textRow("words", i).text.replaceAll(/<\/s>|<\|endofchunk\|>/g, "\n"));
  const words = new Set(["<|system|>", "<|user|>", "<|assistant|>", "▁<|system|>"]);
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    if (line === "" || line.startsWith("<|")) continue;
    for (const [i, word] of line.trim().split(/ +/).entries()) {
      for (const part of lettersOf(`▁${word}`)) words.add(part);
      if (i === 0 || !/[.?:,]$/.test(word)) for (const part of lettersOf(word)) words.add(part);
    }
  }
  return [...words].sort();
}

/**
 * Places as one piece each, merged after all words are: a place in two pieces would have to be looked up as a pair. (A
 * language model that read them as two was stuck at 78 % of "Where is the dog?": it found the row, then any column that
 * follows that row.)
 */
function withPlaces({ pieces, merges }: Pieces): Pieces {
  const pairs = ROWS.flatMap((row) =>
    COLUMNS.flatMap((column): [string, string][] => [
      [`▁${row}`, `▁${column}`],
      [row, `▁${column}`],
    ]),
  );
  return { pieces: [...pieces, ...pairs.map((pair) => pair.join(""))], merges: [...merges, ...pairs] };
}

function lettersOf(word: string): string[] {
  return word.match(/▁?[\w-]+|[^\w\s▁]/g) ?? [];
}

interface Pieces {
  readonly pieces: readonly string[];
  /** In the order in which they are made. */
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * Byte-pair encoding (Sennrich et al., 2016) of words that count once each, until every word is one piece: at each step
 * the commonest neighbours become one, the first in order of the alphabet among equals.
 */
export function learnPieces(words: readonly string[]): Pieces {
  const alphabet = [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), "▁"];
  const strange = words.find((word) => [...word].some((letter) => !alphabet.includes(letter)));
  if (strange !== undefined) throw new InfimmError(`tokenizer: "${strange}" has a letter outside of printable ASCII`);
  const pieces = new Set(alphabet);
  const merges: [string, string][] = [];
  let split = words.map((word) => [...word]);
  for (;;) {
    const counts = new Map<string, number>();
    for (const parts of split) {
      for (let i = 1; i < parts.length; i++) {
        const pair = `${parts[i - 1]} ${parts[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return { pieces: [...pieces], merges };
    const [best] = [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
    const [left, right] = best.split(" ");
    merges.push([left, right]);
    pieces.add(left + right);
    split = split.map((parts) => merged(parts, left, right));
  }
}

function merged(parts: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (const part of parts) {
    if (part === right && out[out.length - 1] === left) out[out.length - 1] = left + right;
    else out.push(part);
  }
  return out;
}
