import type { Scores } from "../bench/protocol.ts";
import { Scrolling } from "./Scrolling.tsx";

/** How many questions of each task of the small world are answered rightly. */
export function ScoreTable({ scores: { asked, tasks }, updates }: { scores: Scores; updates: number }) {
  return (
    <Scrolling name="Right answers by task">
      <table>
        <caption>Right answers to {asked} questions of each task, about pictures that no training draws</caption>
        <thead>
          <tr>
            <th scope="col">task</th>
            <th scope="col">as it ships</th>
            <th scope="col">changed, after {updates} updates</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map(({ task, right }) => (
            <tr key={task}>
              <th scope="row">{task}</th>
              <td>{right[0]}</td>
              <td>{right[1]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}
