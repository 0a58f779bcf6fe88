import { IRREGULARS, SINGULARS, UNCOUNTABLES } from "./singularRules.ts";

/** The singular as the Python package `inflection` 0.5.1 makes it: the first rule that matches changes the word. */
export function singularize(word: string): string {
  if (UNCOUNTABLES.some((uncountable) => uncountable.test(word))) return word;
  const rule = [...IRREGULARS, ...SINGULARS].find(({ pattern }) => pattern.test(word));
  return rule ? word.replace(rule.pattern, rule.to) : word;
}
