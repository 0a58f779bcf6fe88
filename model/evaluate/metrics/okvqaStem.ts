import { OKVQA_STEMS } from "./okvqaStems.ts";
import { singularize } from "./singularize.ts";

/** Words in -s that are no plurals, of those that answers have. */
const NO_PLURALS = new Set(
  (
    "is was has does this its his hers us as yes gas bus plus grass glass class dress press less chess mess moss boss " +
    "cross loss kiss miss pass mass brass bass across always perhaps besides thus ours yours theirs who's"
  ).split(" "),
);

/**
 * OpenFlamingo's stemming of an OK-VQA answer, APPROXIMATELY: the original asks NLTK's tagger which words are plurals
 * and WordNet for the verb of an -ing form. Here a plural is a word in -s, and the verb follows from the spelling. The
 * table of special words and the singular are exact. References of OK-VQA 1.1 are stems already.
 */
export function okvqaStem(answer: string): string {
  return wordTokens(answer).map(stem).join(" ");
}

function stem(word: string): string {
  const special = OKVQA_STEMS.get(word);
  if (special !== undefined) return special;
  if (word.endsWith("ing")) return verbOf(word);
  const isPlural = /^\p{L}.*s$/iu.test(word) && !/ss$/i.test(word) && !NO_PLURALS.has(word.toLowerCase());
  return isPlural || IRREGULAR_PLURALS.has(word.toLowerCase()) ? singularize(word) : word;
}

const IRREGULAR_PLURALS = new Set("men women people children mice lice".split(" "));

/** NLTK's `word_tokenize` as far as short answers need it: marks and 's apart. */
function wordTokens(text: string): string[] {
  return text
    .replace(/n't\b/gi, " n't")
    .replace(/'(s|m|d|re|ve|ll)\b/gi, " '$1")
    .replace(/([,;:@#$%&?!()[\]{}<>]|\.\.\.|--)/g, " $1 ")
    .replace(/\.(\s*)$/, " .$1")
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** Not the -ing form of a verb, or a verb as it stands. */
const WHOLE = new Set(
  (
    "king ring thing string spring wing bring swing sing sting cling fling sling wring ping bling during nothing something " +
    "anything everything sibling duckling darling viking herring"
  ).split(" "),
);
/** -ing forms whose verb ends in a silent e although their spelling does not tell, or in none although it seems to. */
const VERBS = new Map(
  Object.entries({
    being: "be",
    seeing: "see",
    dying: "die",
    lying: "lie",
    tying: "tie",
    evening: "even",
    baking: "bake",
  }),
);

function verbOf(word: string): string {
  const known = VERBS.get(word);
  if (known !== undefined) return known;
  const base = word.slice(0, -3);
  if (WHOLE.has(word) || !/[aeiouy]/.test(base)) return word;
  if (/([bdgmnprt])\1$/.test(base)) return base.slice(0, -1); // running
  const oneSyllable = /^[^aeiou]*[aeiouy][^aeiouywx]$/.test(base); // rid-, not play-, snow-
  const silent = /(?:[aeiou][vzc]|[rl]v|[^aeiou]l|[aeiou]s|[^aeiou]c|dg|rg|ng(?<=chang|rang)|at|iz|u|[aeiou]us)$/.test(
    base,
  );
  return (oneSyllable || silent) && !/(?:ee|oo|ea|ou|ai|oa)[^aeiou]$|eat$|oat$/.test(base) ? `${base}e` : base;
}
