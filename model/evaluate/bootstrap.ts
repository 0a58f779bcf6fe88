import { Generator } from "../../core/random.ts";

/**
 * What is drawn anew for an interval: a question, or a picture with its questions. A metric is the sum over strata of the
 * weighted mean of their values.
 */
export interface Unit {
  readonly value: number;
  readonly weight?: number;
  readonly stratum?: string;
}

const DRAWS = 1000;

/** The middle 95 % of the metric over 1,000 draws with replacement, within each stratum; seed 0. */
export function bootstrapInterval(units: readonly Unit[], draws = DRAWS): readonly [low: number, high: number] {
  const strata = new Map<string, Unit[]>();
  for (const unit of units) {
    const stratum = strata.get(unit.stratum ?? "");
    if (stratum) stratum.push(unit);
    else strata.set(unit.stratum ?? "", [unit]);
  }
  const generator = new Generator(0);
  const values = Array.from({ length: draws }, () => {
    return [...strata.values()].reduce((sum, stratum) => sum + drawnMean(stratum, generator), 0);
  }).sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(draws - 1, Math.floor(share * draws))];
  return [at(0.025), at(0.975)];
}

function drawnMean(units: readonly Unit[], generator: Generator): number {
  let sum = 0;
  let weights = 0;
  for (let i = 0; i < units.length; i++) {
    const { value, weight = 1 } = units[generator.integer(units.length)];
    sum += value * weight;
    weights += weight;
  }
  return sum / weights;
}
