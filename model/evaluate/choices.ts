import { InfimmError } from "../../core/errors.ts";
import type { LogitsProcessor } from "../generate/logitsProcessors.ts";
import type { Processor, ProcessorInput } from "../processor/processor.ts";
import type { Choices } from "./task.ts";

/** Looks on at a greedy batch, whose scores it leaves as they are. */
export interface ChoiceWatch {
  readonly look: LogitsProcessor;
  /** Of each prompt that has choices: how probable each is as what comes first. Full after the first step. */
  readonly found: readonly (Readonly<Record<string, number>> | undefined)[];
}

/** Keeps how probable the choices of each prompt are; undefined where no prompt has any. */
export function watchChoices(
  processor: Processor,
  inputs: readonly ProcessorInput[],
  choices: readonly (Choices | undefined)[],
): ChoiceWatch | undefined {
  if (choices.every((one) => one === undefined)) return undefined;
  const ids = inputs.map((input, i) => choices[i] && firstTokens(processor, processor.render(input).text, choices[i]));
  const found: (Readonly<Record<string, number>> | undefined)[] = [];
  const look: LogitsProcessor = (scores) => {
    if (found.length === ids.length) return; // a later step
    const own = ids[found.length];
    found.push(own && probabilities(scores, own));
  };
  return { look, found };
}

/** The tokens that a choice begins with, in any of its forms, after this prompt. */
function firstTokens(processor: Processor, prompt: string, choices: Choices): Record<string, number[]> {
  const before = processor.tokenizer.encode(prompt);
  const owners = new Map<number, string>();
  for (const [name, forms] of Object.entries(choices)) {
    for (const form of forms) {
      const ids = processor.tokenizer.encode(prompt + form);
      if (before.some((id, i) => ids[i] !== id) || ids.length === before.length) {
        throw new InfimmError(`choices: "${form}" has no token of its own after the prompt`);
      }
      const id = ids[before.length];
      const owner = owners.get(id) ?? name;
      if (owner !== name) throw new InfimmError(`choices: ${owner} and ${name} begin with the same token, ${id}`);
      owners.set(id, name);
    }
  }
  const idsOf = (name: string) => [...owners].flatMap(([id, owner]) => (owner === name ? [id] : []));
  return Object.fromEntries(Object.keys(choices).map((name) => [name, idsOf(name)]));
}

function probabilities(logits: Float32Array, ids: Record<string, number[]>): Record<string, number> {
  const best = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, x) => total + Math.exp(x - best), 0);
  const of = (own: readonly number[]) => own.reduce((total, id) => total + Math.exp(logits[id] - best), 0) / sum;
  return Object.fromEntries(Object.entries(ids).map(([name, own]) => [name, of(own)]));
}
