import type { Bill as Costs } from "../bench/protocol.ts";
import { Scrolling } from "./Scrolling.tsx";

const count = (n: number) => n.toLocaleString("en-US");

/** What a change costs at real size, before and after. */
export function Bill({ bill: { rows, flops, bytes } }: { bill: Costs }) {
  const total = (side: 0 | 1) => rows.reduce((sum, { parameters }) => sum + parameters[side], 0);
  const lines = [
    ...rows.map(({ part, parameters }) => ({ name: part, of: parameters, show: count })),
    { name: "all parameters", of: [total(0), total(1)] as const, show: count },
    { name: "a forward of one picture, GFLOP", of: flops, show: (n: number) => (n / 1e9).toFixed(0) },
    { name: "weights in f32, GB", of: bytes, show: (n: number) => (n / 1e9).toFixed(1) },
  ];
  return (
    <Scrolling name="What the change costs" class="bill">
      <table>
        <caption>What it costs at the size of infimm-zephyr, found on shapes alone</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">InfiMM</th>
            <th scope="col">changed</th>
            <th scope="col">difference</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, of: [before, after], show }) => (
            <tr key={name} class={before === after ? "" : "changed"}>
              <th scope="row">{name}</th>
              <td>{show(before)}</td>
              <td>{show(after)}</td>
              <td>{difference(before, after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function difference(before: number, after: number): string {
  if (before === after) return "same";
  if (before === 0) return "new";
  const percent = (100 * (after - before)) / before;
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent).toFixed(Math.abs(percent) < 1 ? 2 : 0)} %`;
}
