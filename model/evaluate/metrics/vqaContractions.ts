/**
 * The contractions that VQA scorers repair, by rule: which words, and what comes off. Vocabulary of VQA's evaluator,
 * where the four that begin with a capital I never match, for texts are lower-cased before.
 */
const APOSTROPHE_BEFORE: readonly (readonly [ending: string, repaired: string, words: string])[] = [
  ["nt", "n't", "ai are ca could did does do had has have is might must need ought sha should was were wo would"],
  ["ve", "'ve", "could might must not should we what where who would you they"],
  ["d", "'d", "he how it someone something there they where who you"],
  ["ll", "'ll", "how it somebody someone something they what who why you"],
  ["s", "'s", "he how somebody someone that there what when where who why"],
  ["re", "'re", "there they what why you"],
  ["d've", "'d've", "he it she somebody someone something there they we who you"],
  ["'dve", "'d've", "he it she somebody someone something there they we who you"],
  ["nt've", "n't've", "could had might should would"],
  ["n'tve", "n't've", "could had might should would"],
];

const OTHERS: Readonly<Record<string, string>> = {
  maam: "ma'am",
  oclock: "o'clock",
  twas: "'twas",
  yall: "y'all",
  "yall'll": "y'all'll",
  "y'allll": "y'all'll",
  "yall'd've": "y'all'd've",
  "y'alld've": "y'all'd've",
  "y'all'dve": "y'all'd've",
  "ow's'at": "'ow's'at",
  "'ows'at": "'ow's'at",
  "'ow'sat": "'ow's'at",
  "somebody'd": "somebodyd", // reversed in the original
};

/** "dont" -> "don't" and 115 more. */
export const CONTRACTIONS: ReadonlyMap<string, string> = new Map([
  ...APOSTROPHE_BEFORE.flatMap(([ending, repaired, words]) =>
    words.split(" ").map((word): [string, string] => [word + ending, word + repaired]),
  ),
  ...Object.entries(OTHERS),
]);
