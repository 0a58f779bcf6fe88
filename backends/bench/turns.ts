import { readdirSync, readFileSync } from "node:fs";

/** One of several ways to do the same work. */
export interface Contestant {
  readonly name: string;
  readonly run: () => unknown;
  /** Work to compare with, such as reading memory: it runs for as long as the fastest other contestant's turn. */
  readonly yardstick?: boolean;
}

/** Milliseconds a run in each round. What takes longer than the budget has one round. */
export type Rounds = readonly number[];

/** A turn takes at least so long, in milliseconds: many runs of small work, one of large. */
const TURN = 5;
const LEAST_ROUNDS = 3;
/** For this many milliseconds, a turn that other processes broke into is tried again. */
const PATIENCE = 300;
/** Of a turn's time, so much is not worth a second try. */
const CALM = 0.02;
const TASKS = "/proc/self/task";

/**
 * Time contestants turn by turn, for about `budget` milliseconds each. A machine that others use too gives each moment
 * its own speed: so figures are compared round by round, and a yardstick's turns are as long as those of what it
 * measures.
 */
export async function inTurns(contestants: readonly Contestant[], budget: number): Promise<Rounds[]> {
  const single: number[] = [];
  for (const { run } of contestants) {
    const first = await timed(run, 0); // compiles
    if (first <= budget) await run(); // keeps packed weights
    single.push(await timed(run, 0));
  }
  const working = single.filter((_, i) => !contestants[i].yardstick);
  const turns = contestants.map(({ yardstick }) => (yardstick ? Math.max(TURN, Math.min(...working)) : TURN));
  const rounds = single.map((ms): number[] => (ms > budget ? [ms] : []));
  const rest = [...contestants.keys()].filter((i) => rounds[i].length === 0);
  const end = performance.now() + budget * rest.length;
  while (rest.length > 0 && (performance.now() < end || rounds[rest[0]].length < LEAST_ROUNDS)) {
    for (const i of rest) rounds[i].push(await undisturbed(() => timed(contestants[i].run, turns[i])));
  }
  return rounds;
}

/** The first turn in which our threads hardly stood in line for a core; or the best, if patience ends. */
async function undisturbed(turn: () => Promise<number>): Promise<number> {
  const start = performance.now();
  for (let best = Number.POSITIVE_INFINITY; ; ) {
    const [began, waited] = [performance.now(), millisecondsInLine()];
    best = Math.min(best, await turn());
    const calm = millisecondsInLine() - waited <= CALM * (performance.now() - began);
    if (calm || performance.now() - start > PATIENCE) return best;
  }
}

/** How long this process's threads were ready and no core was free, so far, where the system tells (Linux). */
function millisecondsInLine(): number {
  let nanoseconds = 0;
  try {
    for (const task of readdirSync(TASKS)) {
      nanoseconds += Number(readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ")[1]);
    }
  } catch {} // another system, or a thread that ended meanwhile
  return nanoseconds / 1e6;
}

/** Milliseconds a run, of as many as fill `least` milliseconds. */
async function timed(run: () => unknown, least: number): Promise<number> {
  const start = performance.now();
  let runs = 0;
  do {
    await run();
    runs++;
  } while (performance.now() - start < least);
  return (performance.now() - start) / runs;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** How many times as long a takes as b: the median over the rounds, if both had all of them. */
export function ratio(a: Rounds, b: Rounds): number {
  return a.length === b.length ? median(a.map((ms, i) => ms / b[i])) : median(a) / median(b);
}
