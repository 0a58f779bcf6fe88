import type { Training, TrainingParams } from "../studies/training.ts";
import { Line } from "./Line.tsx";
import { NumberChoice } from "./NumberChoice.tsx";
import { short } from "./PathChip.tsx";
import type { ViewProps, Widget } from "./widget.ts";

const FIRST: TrainingParams = { steps: 12, lr: 0.05 };

/** The gates alone are trained, from 0, until the model says what it said with the gates that it came with. */
export const training: Widget<Training, TrainingParams> = { View: TrainingView, params: FIRST, waits: true };

function TrainingView({ data, params, setParams }: ViewProps<Training, TrainingParams>) {
  const { paths, steps, before, after, target, firstGradients } = data;
  const last = steps[steps.length - 1];
  return (
    <>
      <p class="needs-script choices">
        <button type="button" class="strong" onClick={() => setParams({ ...params })}>
          Train {paths.length} numbers
        </button>
        <NumberChoice
          label="rate"
          values={[0.01, 0.05, 0.1, 0.3]}
          value={params.lr}
          set={(lr) => setParams({ ...params, lr })}
        />
      </p>
      <p class="said">
        “{before}” → <span class="changed">“{after}”</span>
      </p>
      <div class="two">
        <Line
          title="the answer's loss"
          series={[{ name: "loss", values: steps.map(({ loss }) => loss) }]}
          summary={`from ${steps[0].loss} to ${last.loss} in ${steps.length - 1} steps`}
        />
        <Line
          title="how far the gates are open"
          series={paths.map((path, i) => ({ name: short(path), values: steps.map(({ open }) => open[i]) }))}
          summary={`from 0 to ${last.open.map((value) => value.toFixed(2)).join(", ")}`}
        />
      </div>
      <p class="verdict">
        It learns to say “{target}”. At the first step the largest gradient of a gate is {firstGradients.gates}; of all{" "}
        {firstGradients.count} other weights of resampler and cross-attention it is {firstGradients.others}, since
        everything that they give is multiplied by tanh(0). So the gates open first.
      </p>
    </>
  );
}
