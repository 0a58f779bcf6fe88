import type { Update } from "../model/train/update.ts";
import type { Check } from "./check.ts";
import { compare, ERROR_FLOOR } from "./compare.ts";
import type { Nested, TrainingRun } from "./trainingRun.ts";

/** Times PyTorch's own float32 error. */
const RATIO = 4;
/** PyTorch errors below this count as this, where parameters are compared after many updates. */
const PARAMETER_FLOOR = 1e-6;

/** The numbers of a tensor. */
export interface Numbers {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/**
 * Judges a run of ours. A trajectory carries its errors on, so a number of an update is measured by the largest error
 * that PyTorch's float32 run has had there up to that update: at a single one it may be near the truth by chance.
 */
export class TrainingChecks {
  readonly all: Check[] = [];
  private readonly run: TrainingRun;
  /** The largest error of PyTorch so far, by what was measured. */
  private readonly units = new Map<string, number>();

  constructor(run: TrainingRun) {
    this.run = run;
  }

  /** What an update reported, and the gates after it. */
  update({ update: u, lr, losses, gradNorm }: Update, gates: Readonly<Record<string, readonly number[]>>): void {
    const { float64, float32, parts } = this.run;
    this.number({ kind: "rate", path: `update ${u}` }, lr, float64.lr[u], 1e-12);
    const expected = float64.losses[u];
    if (losses.length !== expected.length) {
      this.fail({ kind: "loss", path: `update ${u}` }, `${losses.length} losses, the golden has ${expected.length}`);
    }
    expected.forEach((golden, i) => {
      const path = `update ${u}, micro-step ${Math.floor(i / parts.length)}, ${parts[i % parts.length][0]}`;
      const [ours, single] = [losses[i], float32.losses[u][i]];
      if (golden === null || ours === null || single === null) this.equal({ kind: "loss", path }, ours, golden);
      else this.number({ kind: "loss", path }, ours, golden, this.unit("losses", single, golden));
    });
    const norm = float64.grad_norms[u];
    const unit = this.unit("norms", float32.grad_norms[u], norm);
    this.number({ kind: "gradient norm", path: `update ${u}` }, gradNorm, norm, unit);
    for (const [gate, nested] of Object.entries(float64.gates[u])) {
      const subject = { kind: "gate", path: `update ${u}, ${gate}` } as const;
      const [golden, single] = [flat(nested), flat(float32.gates[u][gate])];
      if (!gates[gate]) this.fail(subject, "there is no such trained parameter");
      else this.values(subject, { data: gates[gate], shape: [golden.length] }, { data: golden, shape: [golden.length] }, this.unit(gate, single, golden)); // biome-ignore format: one line
    }
  }

  /** Which trained parameters had no gradient in the first update. */
  idle(ours: readonly string[]): void {
    const golden = this.run.float64.without_gradient_first;
    if (!golden) return;
    for (const path of Object.keys(this.run.weight_decay_of)) {
      const [got, expected] = [ours.includes(path), golden.includes(path)];
      const said = (idle: boolean) => (idle ? "no gradient" : "a gradient");
      this.equal({ kind: "gradient", path }, said(got), said(expected));
    }
  }

  /** A trained parameter at the end; `stored` where final.safetensors has it. */
  parameter(path: string, ours: Numbers, start: Numbers, stored?: Numbers): void {
    const { float32_error, final_norms, change_norms } = this.run;
    const unit = Math.max(PARAMETER_FLOOR, float32_error[path] ?? 0);
    if (stored) this.values({ kind: "parameter", path }, ours, stored, unit);
    const size = final_norms[path];
    if (size !== undefined) this.number({ kind: "parameter norm", path }, norm(ours.data), size, unit);
    const change = change_norms[path];
    if (change === undefined) return;
    const ourChange = norm(Array.from(ours.data, (x, i) => x - start.data[i]));
    // an error of the parameter is as large an error of its change, which is the smaller one
    this.number(
      { kind: "change norm", path },
      ourChange,
      change,
      change > 0 ? (unit * (size ?? change)) / change : unit,
    );
  }

  /** What must not have changed, bit by bit; `counts` says which elements are meant. */
  frozen(path: string, ours: Numbers, start: Numbers, counts: (flat: number) => boolean = () => true): void {
    const changed = Array.from(ours.data).findIndex((x, i) => counts(i) && !Object.is(x, start.data[i]));
    this.equal(
      { kind: "frozen", path },
      changed < 0 ? "as at the start" : `element ${changed} changed`,
      "as at the start",
    );
  }

  fail(subject: Pick<Check, "kind" | "path">, note: string): void {
    const infinite = Number.POSITIVE_INFINITY;
    this.push({ ...subject, error: infinite, ratio: infinite, passed: false, note });
  }

  private unit(what: string, single: Nested, golden: Nested): number {
    const [ours, truth] = [flat(single), flat(golden)];
    const { error } = compare(ours, truth, [truth.length]);
    const unit = Math.max(this.units.get(what) ?? ERROR_FLOOR, error);
    this.units.set(what, unit);
    return unit;
  }

  private number(subject: Pick<Check, "kind" | "path">, ours: number, golden: number, unit: number): void {
    this.values(subject, { data: [ours], shape: [] }, { data: [golden], shape: [] }, unit);
  }

  private values(subject: Pick<Check, "kind" | "path">, ours: Numbers, golden: Numbers, unit: number): void {
    if (ours.data.length !== golden.data.length) {
      this.fail(subject, `${ours.data.length} numbers, the golden has ${golden.data.length}`);
      return;
    }
    const { error, worst } = compare(ours.data, golden.data, golden.shape);
    this.push({ ...subject, error, ratio: error / unit, passed: error <= RATIO * unit, worst });
  }

  private equal(subject: Pick<Check, "kind" | "path">, got: unknown, expected: unknown): void {
    if (got !== expected) this.fail(subject, `expected ${expected}, got ${got}`);
    else this.push({ ...subject, error: 0, ratio: 0, passed: true });
  }

  private push(check: Omit<Check, "set" | "case" | "how">): void {
    this.all.push({ set: this.run.folder, case: this.run.run, how: "chain", ...check });
  }
}

function flat(nested: Nested): number[] {
  return typeof nested === "number" ? [nested] : nested.flatMap(flat);
}

function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return Math.sqrt(squares);
}
