import { type Bar, type Comparison, compare, ratioOf } from "./compare.ts";
import type { GoldenCase } from "./load.ts";

/** `rate` to `frozen` are of training runs. */
type Kind =
  | ("activation" | "tap" | "logits" | "loss" | "gradient" | "gradient norm" | "ids" | "unchecked")
  | ("rate" | "gate" | "parameter" | "parameter norm" | "change norm" | "frozen");

/** What was compared: one activation, tap, output or gradient. */
export interface Check {
  readonly set: string;
  readonly case: string;
  /** `chain`: computed by the whole model. `unit`: one module, fed with the golden input. */
  readonly how: "chain" | "unit";
  /** `unchecked`: a stored tensor that no check is about. */
  readonly kind: Kind;
  readonly path: string;
  readonly error: number;
  /** `error` over PyTorch's own float32 error. */
  readonly ratio: number;
  readonly passed: boolean;
  readonly worst?: Comparison["worst"];
  /** Why it failed, where numbers do not say it; or by which unit only it passed. */
  readonly note?: string;
}

/** Makes checks of one case, all against one bar. */
export class Checker {
  readonly checks: Check[] = [];
  private readonly set: string;
  private readonly golden: GoldenCase;
  private readonly bar: Bar;
  /** What counts as PyTorch's error, by path. */
  private readonly float32Error: Readonly<Record<string, number>>;

  constructor(set: string, golden: GoldenCase, bar: Bar, float32Error = golden.float32Error) {
    this.set = set;
    this.golden = golden;
    this.bar = bar;
    this.float32Error = float32Error;
  }

  /** Compare numbers with stored ones. `errorKey` is where golden.json has PyTorch's own error. */
  values(
    subject: Pick<Check, "how" | "kind" | "path">,
    ours: { data: ArrayLike<number>; shape: readonly number[] },
    golden: { data: ArrayLike<number>; shape: readonly number[] },
    errorKey: string,
    counts?: (flat: number) => boolean,
  ): void {
    if (ours.shape.join() !== golden.shape.join()) {
      this.failure(subject, `its shape is [${ours.shape.join(", ")}], the golden one [${golden.shape.join(", ")}]`);
      return;
    }
    const { error, worst } = compare(ours.data, golden.data, golden.shape, counts);
    const ratio = ratioOf(error, this.float32Error[errorKey]);
    const passed = ratio <= this.bar.ratio && error <= this.bar.error;
    const own = ratioOf(error, this.golden.float32Error[errorKey]);
    const byUnit = passed && own > this.bar.ratio;
    const note = byUnit ? `${own.toFixed(1)} times PyTorch's error on this one number` : undefined;
    this.checks.push({ set: this.set, case: this.golden.name, ...subject, error, ratio, passed, worst, note });
  }

  /** Compare token ids, which are equal or not. */
  ids(path: string, ours: readonly number[], golden: readonly number[]): void {
    const passed = ours.join() === golden.join();
    const note = passed ? undefined : `expected ${golden.join(" ")}, got ${ours.join(" ")}`;
    const result = { error: passed ? 0 : 1, ratio: passed ? 0 : Number.POSITIVE_INFINITY, passed, note };
    this.checks.push({ set: this.set, case: this.golden.name, how: "chain", kind: "ids", path, ...result });
  }

  failure(subject: Pick<Check, "how" | "kind" | "path">, note: string): void {
    const infinite = Number.POSITIVE_INFINITY;
    this.checks.push({
      set: this.set,
      case: this.golden.name,
      ...subject,
      error: infinite,
      ratio: infinite,
      passed: false,
      note,
    });
  }
}
