/*
 * What a page and its bench say to each other. A bench is a worker of its own, with a model of its own: what is built and
 * trained there changes nothing elsewhere, and a module that never comes back can be ended.
 */
import type { Asked } from "../worker/protocol.ts";

/** A question about pictures that come with the model, and its answer. */
export interface Lesson extends Asked {
  readonly answer: string;
}

/** What begins anew before training: all of the connector, or its gates alone, the rest being as it was trained. */
export type Fresh = "connector" | "gates";
/** What is learnt from: the questions that come with the model, or ever new pictures of its small world. */
export type Source = "questions" | "world";

export interface BenchShipped {
  readonly folder: string;
  readonly lessons: readonly Lesson[];
}

export interface TrainParams {
  readonly updates: number;
  readonly batch: number;
  readonly lr: number;
  readonly source: Source;
  /** After how many updates the model is asked about each picture. */
  readonly asksEvery: number;
}

/** What stands behind one update. */
export interface Trained {
  readonly update: number;
  readonly loss: number;
  readonly gradNorm: number;
  /** How far each gate is open, by path. */
  readonly gates: Readonly<Record<string, number>>;
}

/** What the model says about each picture, and what its latents attend to. */
export interface Shown {
  readonly update: number;
  readonly answers: readonly string[];
  /** The mean of all latents, then some of them: shares of the patches of the first lesson's picture. */
  readonly looks: readonly (readonly number[])[];
}

export type TrainEvent = { readonly trained: Trained } | { readonly shown: Shown };

/** What was put together: how many numbers learn, and which weights of the shipped model found no place. */
export interface Prepared {
  readonly parameters: number;
  readonly learning: number;
  readonly unplaced: number;
}

/** Parameters of a part before and after, and what a forward costs. */
export interface Bill {
  readonly rows: readonly { readonly part: string; readonly parameters: readonly [number, number] }[];
  readonly flops: readonly [number, number];
  readonly bytes: readonly [number, number];
}

/** How many of some questions of each task of the small world are answered rightly, before and after. */
export interface Scores {
  readonly asked: number;
  readonly tasks: readonly { readonly task: string; readonly right: readonly [number, number] }[];
}

export type BenchJob =
  | { readonly open: BenchShipped }
  /** JavaScript of a module that exports `make`; null: the model as it is. */
  | { readonly prepare: { readonly code: string | null; readonly fresh: Fresh } }
  | { readonly bill: string | null }
  | { readonly answers: null }
  | { readonly train: TrainParams }
  | { readonly scores: number }
  | { readonly save: null };
