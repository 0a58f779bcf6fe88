import * as t from "../../../tensor/index.ts";
import type { Op } from "../case.ts";
import { type Attributes, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** One step of a cell: what it gets [b, gates · h], its states, and the recurrent weights [gates · h, h] and biases. */
type Cell = (x: Tensor, states: Tensor[], weights: Tensor, bias: Tensor, hidden: number) => Tensor[];

const gatesOf = (x: Tensor, hidden: number) => t.split(x, hidden, -1);

const rnn: Cell = (x, [h], weights, bias) => [x.add(t.linear(h, weights, bias)).tanh()];

const lstm: Cell = (x, [h, c], weights, bias, hidden) => {
  const [input, output, forget, cell] = gatesOf(x.add(t.linear(h, weights, bias)), hidden);
  const next = t.sigmoid(forget).mul(c).add(t.sigmoid(input).mul(cell.tanh()));
  return [t.sigmoid(output).mul(next.tanh()), next];
};

/** The candidate sees the reset state (linear_before_reset = 0). */
const gru: Cell = (x, [h], weights, bias, hidden) => {
  const [z, r, n] = gatesOf(x, hidden);
  const [wz, wr, wn] = t.split(weights, hidden, 0);
  const [bz, br, bn] = t.split(bias, hidden, 0);
  const update = t.sigmoid(z.add(t.linear(h, wz, bz)));
  const reset = t.sigmoid(r.add(t.linear(h, wr, br)));
  const candidate = n.add(t.linear(reset.mul(h), wn, bn)).tanh();
  return [candidate.mul(t.sub(1, update)).add(h.mul(update))];
};

/** One direction over all steps of x [s, b, i]. */
function direction(cell: Cell, x: Tensor, steps: number[], parameters: Tensor[], states: Tensor[], hidden: number) {
  const [weights, recurrent, biases] = parameters;
  const [outer, inner] = t.chunk(biases, 2, 0);
  const outputs: Tensor[] = [];
  let now = states;
  for (const step of steps) {
    now = cell(t.linear(t.select(x, 0, step), weights, outer), now, recurrent, inner, hidden);
    outputs[step] = now[0];
  }
  return { outputs: t.stack(outputs, 0), last: now };
}

const layer = (cell: Cell, states: number, gates: number): Op =>
  op((inputs: Tensor[], a: Attributes) => {
    const [given, weights, recurrent, biases, , ...initial] = inputs;
    const [hidden, batchFirst] = [a.number("hidden_size", 1), a.flag("layout")];
    const x = batchFirst ? t.transpose(given, 0, 1) : given;
    const [length, batch] = x.shape;
    const reverse = a.text("direction", "forward") === "reverse";
    const count = weights.shape[0];
    const runs = range(count).map((d) => {
      const steps = reverse || d === 1 ? range(length).reverse() : range(length);
      const bias = biases ? t.select(biases, 0, d) : t.zeros([2 * gates * hidden]);
      const first = range(states).map((s) => {
        if (!initial[s]) return t.zeros([batch, hidden]);
        return t.select(initial[s], batchFirst ? 1 : 0, d);
      });
      const parameters = [t.select(weights, 0, d), t.select(recurrent, 0, d), bias];
      return direction(cell, x, steps, parameters, first, hidden);
    });
    const y = t.stack(
      runs.map((run) => run.outputs),
      1,
    ); // [s, directions, b, h]
    const lasts = range(states).map((s) => t.stack(runs.map((run) => run.last[s]), batchFirst ? 1 : 0)); // biome-ignore format: one line
    return [batchFirst ? t.permute(y, [2, 0, 1, 3]) : y, ...lasts];
  });

export const RECURRENT: Record<string, Op> = {
  GRU: layer(gru, 1, 3),
  LSTM: layer(lstm, 2, 4),
  RNN: layer(rnn, 1, 1),
};
