import { Generator } from "../../core/random.ts";
import { initialize } from "../../nn/init.ts";
import { Linear } from "../../nn/linear.ts";
import { AdamW } from "../../nn/optim/adamW.ts";
import { linearWarmup } from "../../nn/optim/schedules.ts";
import { tensor } from "../../tensor/index.ts";
import { madeBatches } from "./source.ts";
import { Trainer } from "./trainer.ts";

/** A line fitted to made points: everything of a run but the model's size. `at(u)` is the target of update u. */
export function lineRun(at: (update: number) => number = (u) => Math.sin(u)) {
  const model = new Linear(3, 1);
  initialize(model, new Generator(4));
  const optimizer = new AdamW(model, { lr: linearWarmup(0.05, 3), weightDecay: 0.1 });
  const trainer = new Trainer<{ kind: string; ids: string[]; x: number[]; y: number }>({
    model,
    optimizer,
    learning: { patterns: ["**"] },
    task: {
      targets: () => 1,
      loss: ({ x, y }) =>
        model
          .call(tensor([x]))
          .sub(y)
          .pow(2)
          .sum(),
    },
  });
  const source = madeBatches((u) => [[{ kind: "point", ids: [`point ${u}`], x: [u % 5, Math.cos(u), 1], y: at(u) }]]);
  const numbers = () => ({
    parameters: [...model.parameters().values()].map((t) => [...t.dataSync()]),
    moments: [...optimizer.stateDict()].map(([key, t]) => [key, [...t.dataSync()]]),
    counters: optimizer.counters(),
  });
  return { trainer, source, numbers };
}
