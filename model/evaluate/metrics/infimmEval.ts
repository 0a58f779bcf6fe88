import { InfimmError } from "../../../core/errors.ts";

export interface InfimmEvalScored {
  readonly complexity: "moderate" | "high";
  /** deductive, abductive or analogical */
  readonly reasoning: string;
  /** 0 to 1, as the judge gave it */
  readonly score: number;
}

/** InfiMM-Eval (CORE-MM): a question of high complexity counts twice. Percent, of all and by type of reasoning. */
export function infimmEvalTotals(scored: readonly InfimmEvalScored[]) {
  if (scored.length === 0) throw new InfimmError("infimm-eval: there is nothing to score");
  const weight = ({ complexity }: InfimmEvalScored) => (complexity === "high" ? 2 : 1);
  const percent = (some: readonly InfimmEvalScored[]) => {
    const weights = some.reduce((sum, one) => sum + weight(one), 0);
    return (some.reduce((sum, one) => sum + weight(one) * one.score, 0) / weights) * 100;
  };
  const by = (kind: (one: InfimmEvalScored) => string) => {
    const kinds = [...new Set(scored.map(kind))];
    return Object.fromEntries(kinds.map((name) => [name, percent(scored.filter((one) => kind(one) === name))]));
  };
  return {
    overall: percent(scored),
    perReasoning: by(({ reasoning }) => reasoning),
    perComplexity: by(({ complexity }) => complexity),
  };
}
