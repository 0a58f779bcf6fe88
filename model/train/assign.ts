import { InfimmError } from "../../core/errors.ts";

/**
 * The one-to-one assignment of rows to columns that has the largest sum, each row at most once and each column at most
 * once, as many pairs as there are rows or columns, whichever are fewer. (Crouse, "On implementing 2D rectangular
 * assignment algorithms", 2016: shortest augmenting paths. Of equal sums it takes the one that scipy's
 * `linear_sum_assignment` takes.)
 *
 * @param scores [rows][columns], finite
 * @returns [row, column] of each pair, by row
 */
export function assign(scores: readonly (readonly number[])[]): [row: number, column: number][] {
  const rows = scores.length;
  const columns = scores[0]?.length ?? 0;
  if (scores.some((row) => row.length !== columns || !row.every(Number.isFinite))) {
    throw new InfimmError("assign: expected rows of equal length and finite numbers");
  }
  if (columns === 0) return [];
  if (columns < rows) {
    const turned = Array.from({ length: columns }, (_, j) => scores.map((row) => row[j]));
    const pairs = assign(turned).map(([column, row]): [number, number] => [row, column]);
    return pairs.sort(([a], [b]) => a - b);
  }
  const problem = new Assignment(scores.map((row) => row.map((score) => -score)));
  for (let row = 0; row < rows; row++) problem.add(row);
  return problem.columnOf.map((column, row) => [row, column]);
}

/** Rows are added one at a time; each time the assignment of those so far has the least cost. */
class Assignment {
  readonly columnOf: number[];
  readonly #costs: readonly (readonly number[])[];
  readonly #rowOf: number[];
  /** Prices: `cost - rowPrice - columnPrice` is never below 0, and 0 for pairs. */
  readonly #rowPrice: number[];
  readonly #columnPrice: number[];

  constructor(costs: readonly (readonly number[])[]) {
    this.#costs = costs;
    this.columnOf = costs.map(() => -1);
    this.#rowPrice = costs.map(() => 0);
    this.#rowOf = costs[0].map(() => -1);
    this.#columnPrice = costs[0].map(() => 0);
  }

  /** Finds the cheapest chain of changes that frees a column for `row` (Dijkstra's algorithm), and makes them. */
  add(row: number): void {
    const { distance, path, end, length, passed } = this.#shortestPath(row);
    this.#rowPrice[row] += length;
    for (const j of passed) {
      const i = this.#rowOf[j];
      if (i >= 0) this.#rowPrice[i] += length - distance[j];
      this.#columnPrice[j] -= length - distance[j];
    }
    for (let j = end, i = -1; i !== row; ) {
      i = path[j];
      this.#rowOf[j] = i;
      [this.columnOf[i], j] = [j, this.columnOf[i]];
    }
  }

  #shortestPath(row: number) {
    const columns = this.#rowOf.length;
    const distance = new Array<number>(columns).fill(Number.POSITIVE_INFINITY);
    const path = new Array<number>(columns).fill(-1);
    const left = Array.from({ length: columns }, (_, k) => columns - 1 - k);
    const passed: number[] = [];
    for (let i = row, length = 0; ; ) {
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (const [k, j] of left.entries()) {
        const through = length + this.#costs[i][j] - this.#rowPrice[i] - this.#columnPrice[j];
        if (through < distance[j]) [distance[j], path[j]] = [through, i];
        const isFree = this.#rowOf[j] < 0;
        if (distance[j] < least || (distance[j] === least && isFree)) [least, nearest] = [distance[j], k];
      }
      length = least;
      const j = left[nearest];
      passed.push(j);
      left[nearest] = left[left.length - 1];
      left.pop();
      if (this.#rowOf[j] < 0) return { distance, path, end: j, length, passed };
      i = this.#rowOf[j];
    }
  }
}
