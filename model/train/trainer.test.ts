import { expect, test } from "vitest";
import { Module } from "../../nn/module.ts";
import { SGD } from "../../nn/optim/sgd.ts";
import { keep, memory, type Tensor, tensor } from "../../tensor/index.ts";
import type { ObjectiveOptions } from "./objective.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

/** A column whose mean loss is a dot product: its gradient is what the batch says. */
class Column extends Module {
  p: Tensor = keep(tensor([[0], [0], [0]]));
  forward(c: number[]): Tensor {
    return this.p.mul(tensor(c.map((x) => [x]))).sum();
  }
}

interface Slope {
  readonly kind: string;
  readonly slope: number[];
  readonly targets: number;
  readonly ids?: string[];
}

const slope = (kind: string, of: number[], targets = 1): Slope => ({ kind, slope: of, targets });

/** What one update of rate 1 takes off the parameters: the gradient as the optimizer gets it; and what it reports. */
async function updated(steps: Slope[][], options: Partial<TrainerOptions<Slope>> & ObjectiveOptions = {}) {
  const model = new Column();
  const optimizer = new SGD(model, { lr: 1 });
  const before = memory();
  const trainer = new Trainer<Slope>({
    model,
    optimizer,
    learning: { patterns: ["p"] },
    clip: 1e6,
    task: { targets: ({ targets }) => targets, loss: ({ slope: c }) => model.call(c) },
    ...options,
  });
  const report = await trainer.update(steps);
  expect(memory()).toEqual(before);
  return { gradient: [...model.p.dataSync()].map((x) => -x), ...report };
}

const near = (values: number[]) => values.map((x) => expect.closeTo(x, 5));

test("accumulation divides: the gradient is the mean of the micro-steps'", async () => {
  const { gradient, gradNorm } = await updated([[slope("a", [1, 0, 0])], [slope("a", [3, 4, 0])]]);
  expect(gradient).toEqual(near([2, 2, 0]));
  expect(gradNorm).toBeCloseTo(Math.sqrt(8), 5);
});

test("parts count by their multipliers; one that is not named counts once", async () => {
  const steps = [[slope("pair", [10, 0, 0]), slope("interleaved", [0, 1, 0]), slope("other", [0, 0, 1])]];
  const { gradient, losses } = await updated(steps, { multipliers: { pair: 0.2, interleaved: 0.5 } });
  expect(gradient).toEqual(near([2, 0.5, 1]));
  expect(losses).toHaveLength(3);
});

test("normalised by tokens, each micro-step counts by its targets among those of its kind", async () => {
  const steps = [
    [slope("a", [1, 0, 0], 3), slope("b", [0, 1, 0], 5)],
    [slope("a", [5, 0, 0], 1), slope("b", [0, 3, 0], 5)],
  ];
  const { gradient } = await updated(steps, { normalize: "tokens", multipliers: { b: 10 } });
  expect(gradient).toEqual(near([(3 * 1 + 1 * 5) / 4, 10 * 2, 0]));
});

test("a batch without a target is passed over, and the half before it stays", async () => {
  const steps = [[slope("a", [2, 0, 0])], [slope("a", [Number.NaN, 0, 0], 0)]];
  const { gradient, losses, targets } = await updated(steps);
  expect([gradient, losses, targets]).toEqual([near([1, 0, 0]), [0, null], 1]);
  const named = [[{ ...slope("a", [1, 0, 0], 0), ids: ["x 7"] }]];
  await expect(updated(named)).rejects.toThrow("no token of update 0 counts; its samples: x 7");
});

test("rows that do not learn are emptied before clipping: they take no part in the norm", async () => {
  const options = { learning: { patterns: ["p"], rows: { p: [1, 2] } }, clip: 2 };
  const { gradient, gradNorm } = await updated([[slope("a", [3, 4, 0])]], options);
  expect(gradNorm).toBeCloseTo(4, 5);
  expect(gradient).toEqual(near([0, 2, 0]));
});

test("a frozen row is emptied even where its gradient is not finite", async () => {
  const options = { learning: { patterns: ["p"], rows: { p: [1] } } };
  const { gradient, skipped } = await updated([[slope("a", [Number.POSITIVE_INFINITY, 4, 0])]], options);
  expect([gradient, skipped]).toEqual([near([0, 4, 0]), false]);
});

test("clipping once, or after every micro-step the sum so far: the norm told is that before the last", async () => {
  const steps = [[slope("a", [6, 0, 0])], [slope("a", [0, 8, 0])]];
  const once = await updated(steps, { clip: 1 });
  expect([once.gradNorm, once.gradient]).toEqual([expect.closeTo(5, 5), near([0.6, 0.8, 0])]);
  const each = await updated(steps, { clip: 1, clipEachMicroStep: true });
  const norm = Math.hypot(1, 4); // 3 is clipped to 1, then 4 comes to it
  expect([each.gradNorm, each.gradient]).toEqual([expect.closeTo(norm, 5), near([1 / norm, 4 / norm, 0])]);
});

test("a pattern that names nothing is refused at once", () => {
  const options = { ...({} as TrainerOptions<Slope>), model: new Column(), learning: { patterns: ["p", "**.gates"] } };
  expect(() => new Trainer(options)).toThrow('no parameter is called "**.gates"');
});
