import { splitWords, strip } from "../python/text.ts";
import { CONTRACTIONS } from "./vqaContractions.ts";

const PUNCTUATION = [...'/;[]"{}()=+\\_-><@`,?!'];
const DIGITS_COMMA_DIGITS = /\p{Nd},\p{Nd}/u;
/** The look-behind that was meant to spare "3." is mistyped in the original: it has no effect. */
const PERIOD = /\.(?!\p{Nd})/gu;
/** `re.UNICODE`, given where `re.sub` takes a count. */
const MOST_PERIODS = 32;

const NUMBERS = new Map([["none", "0"]]);
for (const [i, word] of "zero one two three four five six seven eight nine ten".split(" ").entries()) {
  NUMBERS.set(word, String(i));
}
const ARTICLES = ["a", "an", "the"];

/** A line break or tab as a space, and none at the ends: what the scorers do to every answer before anything else. */
export function oneLine(answer: string): string {
  return strip(answer.replaceAll("\n", " ").replaceAll("\t", " "));
}

/**
 * An answer as VQA's scorers compare it: punctuation, articles, numbers and contractions (`processPunctuation` and
 * `processDigitArticle` of vqaEval.py). A mark goes without a trace if it stands beside a space anywhere in the text, or
 * if the text has digits round a comma; else it becomes a space.
 */
export function normaliseAnswer(answer: string): string {
  const inNumber = DIGITS_COMMA_DIGITS.test(answer);
  let text = answer;
  for (const mark of PUNCTUATION) {
    const gone = inNumber || answer.includes(`${mark} `) || answer.includes(` ${mark}`);
    text = text.replaceAll(mark, gone ? "" : " ");
  }
  let periods = 0;
  text = text.replace(PERIOD, (period) => (periods++ < MOST_PERIODS ? "" : period));
  return splitWords(text.toLowerCase())
    .map((word) => NUMBERS.get(word) ?? word)
    .filter((word) => !ARTICLES.includes(word))
    .map((word) => CONTRACTIONS.get(word) ?? word)
    .join(" ");
}

/** The same as mmf, LLaVA and EvalAI's TextVQA do it, where commas, question marks and 's go first. */
export function normaliseEvalAi(answer: string): string {
  const words = answer.toLowerCase().replaceAll(",", "").replaceAll("?", "").replaceAll("'s", " 's");
  return normaliseAnswer(oneLine(words));
}
