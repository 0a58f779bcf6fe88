import { Generator } from "../../../core/random.ts";
import type { Item } from "../task.ts";
import type { Scores } from "../scoreRun.ts";

/** How many items a report shows of each kind. */
const SHOWN = 12;

/** Twelve of the worst, and twelve of any others, drawn with seed 0. */
export function chooseItems(items: readonly Item[], scores: Scores): Item[] {
  const scoreOf = ({ id }: Item) => scores.items[id]?.score ?? 1;
  const generator = new Generator("report");
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  const wrong = shuffled.filter((item) => scoreOf(item) < 0.5).slice(0, SHOWN);
  return [...wrong, ...shuffled.filter((item) => !wrong.includes(item)).slice(0, SHOWN)];
}
