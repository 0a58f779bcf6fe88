import { type LatentParams, type Latents, orderOf } from "../studies/latents.ts";
import { Exercise } from "./Exercise.tsx";
import { Line } from "./Line.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Keep only the most important latents, and see what is left of the answer. */
export const latents: Widget<Latents, LatentParams> = { View: LatentsView, params: { keep: 4 } };

function LatentsView({ data, params, setParams }: ViewProps<Latents, LatentParams>) {
  const { importance, curve, whole, answer, removed, zeroed, keep } = data;
  const isKept = new Set(orderOf(importance).slice(0, params.keep));
  const most = Math.max(...importance);
  return (
    <>
      <div class="two">
        <div>
          <p>What each of the {importance.length} is worth to the answer, in nats; those that are kept have a ring.</p>
          <ol class="latents">
            {importance.map((value, i) => (
              <li
                key={i}
                class={isKept.has(i) ? "kept" : ""}
                title={`latent ${i}: ${value} nats`}
                style={{ "--strength": Math.max(0.05, value / most) }}
              >
                <span class="unseen">
                  latent {i}: {value} nats{isKept.has(i) ? ", kept" : ""}
                </span>
              </li>
            ))}
          </ol>
        </div>
        <Line
          title="how improbable the answer is with the best latents only"
          series={[{ name: "nats", values: curve.map((value) => -value) }]}
          summary={`${(-curve[0]).toFixed(2)} nats with 1, ${(-curve[curve.length - 1]).toFixed(2)} with ${curve.length}, ${(-whole).toFixed(2)} with all`}
          first={1}
        />
      </div>
      <p class="choices">
        <label>
          keep{" "}
          <input
            type="range"
            min="1"
            max={importance.length}
            value={params.keep}
            onInput={(event) => setParams({ keep: event.currentTarget.valueAsNumber })}
          />{" "}
          {params.keep} of {importance.length}
        </label>
      </p>
      <dl class="answers">
        <dt>all of them</dt>
        <dd>{answer}</dd>
        <dt>{keep}, the others taken out</dt>
        <dd class={removed === answer ? "" : "changed"}>{removed}</dd>
        <dt>{keep}, the others set to 0</dt>
        <dd class={zeroed === answer ? "" : "changed"}>{zeroed}</dd>
      </dl>
      <Exercise check={() => check(data)}>
        Say the whole answer with as few latents as you can, the others taken out.
      </Exercise>
    </>
  );
}

function check({ keep, removed, answer, importance }: Latents): { right: boolean; says: string } {
  if (removed !== answer) return { right: false, says: `With ${keep} it says “${removed}”.` };
  if (keep > importance.length / 4) return { right: false, says: `${keep} say it; fewer will, too.` };
  return { right: true, says: `${keep} of ${importance.length} say all of it.` };
}
