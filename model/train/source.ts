import type { MicroStep } from "./batch.ts";

/** Where batches come from. A position of it is plain JSON, so that a resumed run goes on with the same samples. */
export interface BatchSource<B> {
  /** The micro-steps of the next update. */
  next(): Promise<readonly MicroStep<B>[]>;
  state(): unknown;
  /** @throws if it is the state of another source */
  restore(state: unknown): void;
}

/** What a source needs of a stream of samples: a `Feed`, or anything that can be resumed. */
export interface SampleStream<S> {
  next(): Promise<S>;
  state(): unknown;
  restore(state: never): void;
}

export interface BatchShape<S, B> {
  readonly accumulation: number;
  /** How many samples of each kind a micro-step takes, and its stream. The order is that of the parts. */
  readonly parts: readonly { readonly kind: string; readonly size: number; readonly samples: SampleStream<S> }[];
  readonly collate: (samples: readonly S[], kind: string) => B;
}

/** Batches from streams of samples: each micro-step takes the next of each part. */
export function batchesOf<S, B>({ accumulation, parts, collate }: BatchShape<S, B>): BatchSource<B> {
  return {
    async next() {
      const steps: B[][] = [];
      for (let m = 0; m < accumulation; m++) {
        const step: B[] = [];
        for (const { kind, size, samples } of parts) {
          const taken: S[] = [];
          while (taken.length < size) taken.push(await samples.next());
          step.push(collate(taken, kind));
        }
        steps.push(step);
      }
      return steps;
    },
    state: () => Object.fromEntries(parts.map(({ kind, samples }) => [kind, samples.state()])),
    restore(state) {
      for (const { kind, samples } of parts) samples.restore((state as Record<string, never>)[kind]);
    },
  };
}

/** Batches that are functions of the update's number: made ones, or ones in memory. */
export function madeBatches<B>(make: (update: number) => readonly MicroStep<B>[]): BatchSource<B> {
  let update = 0;
  return {
    next: async () => make(update++),
    state: () => ({ update }),
    restore: (state) => {
      update = (state as { update: number }).update;
    },
  };
}
