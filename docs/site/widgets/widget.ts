import type { ComponentType } from "preact";

/** What the view of a figure gets: what was measured, and by what. */
export interface ViewProps<Data, Params = undefined> {
  readonly data: Data;
  readonly params: Params;
  /** Measure again, by other parameters: given, or made of those so far. */
  readonly setParams: (params: Params | ((before: Params) => Params)) => void;
}

/** A figure: the view of what the study of the same name measures. */
export interface Widget<Data, Params = undefined> {
  readonly View: ComponentType<ViewProps<Data, Params>>;
  /** What it is measured by at first. */
  readonly params: Params;
  /** Whether it waits until the reader asks for it: what takes seconds, and is no answer to a choice made elsewhere. */
  readonly waits?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: each has data and parameters of its own, which its study knows
export type AnyWidget = Widget<any, any>;

/** The figures by name. A page loads those that it shows. */
export const WIDGETS: Readonly<Record<string, () => Promise<AnyWidget>>> = {
  compose: async () => (await import("./Compose.tsx")).compose,
  enter: async () => (await import("./Enter.tsx")).enter,
  gates: async () => (await import("./Gates.tsx")).gates,
  hide: async () => (await import("./Hide.tsx")).hide,
  latents: async () => (await import("./Latents.tsx")).latents,
  lens: async () => (await import("./Lens.tsx")).lens,
  mask: async () => (await import("./Mask.tsx")).mask,
  stages: async () => (await import("./Stages.tsx")).stages,
  train: async () => (await import("./TrainHere.tsx")).train,
  training: async () => (await import("./Training.tsx")).training,
  where: async () => (await import("./Where.tsx")).where,
  workbench: async () => (await import("./Workbench.tsx")).workbench,
};
