import type { ComponentType } from "preact";

/** What the view of a figure gets: what was measured, and by what. */
export interface ViewProps<Data, Params = undefined> {
  readonly data: Data;
  readonly params: Params;
  /** Measure again, by other parameters. */
  readonly setParams: (params: Params) => void;
}

/** A figure: the view of what the study of the same name measures. */
export interface Widget<Data, Params = undefined> {
  readonly View: ComponentType<ViewProps<Data, Params>>;
  /** What it is measured by at first. */
  readonly params: Params;
}

// biome-ignore lint/suspicious/noExplicitAny: each has data and parameters of its own, which its study knows
export type AnyWidget = Widget<any, any>;

/** The figures by name. A page loads those that it shows. */
export const WIDGETS: Readonly<Record<string, () => Promise<AnyWidget>>> = {
  stages: async () => (await import("./Stages.tsx")).stages,
};
