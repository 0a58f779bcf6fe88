interface LineProps {
  readonly title: string;
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** What there is to see, in words. */
  readonly summary: string;
  /** The number of the first step. Default 0. */
  readonly first?: number;
  /** How many steps there are from one value to the next. Default 1. */
  readonly every?: number;
}

const [WIDTH, HEIGHT, LEFT, TOP] = [400, 200, 40, 10];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

/** Values step by step as lines, with a table of the numbers. */
export function Line({ title, series, summary, first = 0, every = 1 }: LineProps) {
  const all = series.flatMap(({ values }) => values);
  const [low, high] = [Math.min(0, ...all), Math.max(...all, 1e-9)];
  const count = Math.max(2, ...series.map(({ values }) => values.length));
  const x = (i: number) => LEFT + (i / (count - 1)) * (WIDTH - LEFT - 10);
  const y = (value: number) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - 25);
  return (
    <div class="line-plot">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title}: ${summary}`}>
        <path class="axis" d={`M${LEFT} ${TOP}V${y(0)}H${WIDTH - 10}`} />
        <text x={LEFT - 6} y={TOP + 8} text-anchor="end">
          {Number(high.toPrecision(2))}
        </text>
        <text x={LEFT - 6} y={y(0) + 4} text-anchor="end">
          0
        </text>
        <text x={WIDTH - 10} y={HEIGHT - 4} text-anchor="end">
          {(count - 1) * every + first}
        </text>
        {series.map(({ name, values }, i) => (
          <path
            key={name}
            class="line"
            stroke-dasharray={DASHES[i % DASHES.length]}
            d={values.map((value, at) => `${at === 0 ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("")}
          />
        ))}
      </svg>
      <p>
        <b>{title}</b>: {summary}
      </p>
      <details>
        <summary>All numbers</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">step</th>
              {series.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {series[0].values.map((_, step) => (
              <tr key={step}>
                <th scope="row">{step * every + first}</th>
                {series.map(({ name, values }) => (
                  <td key={name}>{values[step]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
