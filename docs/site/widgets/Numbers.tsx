import { Scrolling } from "./Scrolling.tsx";

/** A square map as a table, for those who want the numbers or do not see the picture. */
export function Numbers({ caption, values }: { caption: string; values: readonly number[] }) {
  const side = Math.sqrt(values.length);
  const places = Array.from({ length: side }, (_, i) => i);
  return (
    <details class="numbers-table">
      <summary>All numbers</summary>
      <Scrolling name={caption}>
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              <td>row</td>
              {places.map((x) => (
                <th key={x} scope="col">
                  {x + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {places.map((y) => (
              <tr key={y}>
                <th scope="row">{y + 1}</th>
                {places.map((x) => (
                  <td key={x}>{values[y * side + x].toFixed(2)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
    </details>
  );
}
