import type { Bench } from "./samples.ts";

/** What a case works with: a backend, memory on it, and how much more error than a careful f32 loop it may make. */
export interface Context extends Bench {
  readonly slack: number;
}

/** One thing that every backend must do. `run` throws an error that says what differs. */
export interface Case {
  readonly name: string;
  run(b: Context): Promise<void>;
}
