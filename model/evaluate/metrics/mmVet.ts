import { InfimmError } from "../../../core/errors.ts";
import { mean, standardDeviation } from "../python/mean.ts";
import { roundNumpy } from "../python/round.ts";

/** MM-Vet's grades file, by question: one score of each run of the judge. */
export type MmVetGrades = Readonly<Record<string, { readonly score: readonly number[] }>>;

export interface MmVetTotals {
  /** 0 to 100: of all, and of all that need a capability. */
  readonly total: number;
  readonly std: number;
  readonly runs: readonly number[];
  readonly perCapability: Readonly<Record<string, number>>;
  /** By exact set of capabilities, names sorted and joined by "_". */
  readonly perCapabilitySet: Readonly<Record<string, number>>;
}

/**
 * MM-Vet's aggregation (mm-vet_evaluator.py): means over questions, times 100, then the mean and the population's
 * standard deviation over runs, rounded as NumPy rounds.
 * @param capabilities of every question of the set
 * @throws if a question has no grade, or fewer runs than another
 */
export function mmVetTotals(
  capabilities: Readonly<Record<string, readonly string[]>>,
  grades: MmVetGrades,
  decimals = 1,
): MmVetTotals {
  const ids = Object.keys(grades);
  const missing = Object.keys(capabilities).filter((id) => !grades[id]);
  if (missing.length > 0) throw new InfimmError(`mmvet: no grade for ${missing.slice(0, 5).join(", ")}`);
  const stranger = ids.find((id) => !capabilities[id]);
  if (stranger) throw new InfimmError(`mmvet: the grades have a question ${stranger} that mm-vet.json has not`);
  const count = grades[ids[0]].score.length;
  const other = ids.find((id) => grades[id].score.length !== count);
  if (other) {
    const runs = grades[other].score.length;
    throw new InfimmError(`mmvet: ${other} was graded ${runs} times, and ${ids[0]} ${count} times`);
  }
  const setOf = (id: string) => [...new Set(capabilities[id])].sort();
  const percents = (some: readonly string[]) =>
    Array.from({ length: count }, (_, run) => {
      return (some.reduce((sum, id) => sum + grades[id].score[run], 0) / some.length) * 100;
    });
  const rounded = (some: readonly string[]) => roundNumpy(mean(percents(some)), decimals);
  const by = (names: readonly string[], has: (id: string, name: string) => boolean) =>
    Object.fromEntries([...new Set(names)].map((name) => [name, rounded(ids.filter((id) => has(id, name)))]));
  const totals = percents(ids);
  return {
    total: rounded(ids),
    std: roundNumpy(standardDeviation(totals), decimals),
    runs: totals.map((total) => roundNumpy(total, decimals)),
    perCapability: by(ids.flatMap(setOf), (id, name) => setOf(id).includes(name)),
    perCapabilitySet: by(
      ids.map((id) => setOf(id).join("_")),
      (id, name) => setOf(id).join("_") === name,
    ),
  };
}
