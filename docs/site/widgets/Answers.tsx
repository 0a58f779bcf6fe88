import { plain } from "../../../model/evaluate/world/worldScore.ts";
import type { Lesson } from "../bench/protocol.ts";
import { pictureAddress } from "../client/pictures.ts";
import { Scrolling } from "./Scrolling.tsx";

interface AnswersProps {
  readonly asked: readonly Lesson[];
  /** Columns: who answers, or when, and what is said to each question. */
  readonly columns: readonly { readonly name: string; readonly answers: readonly string[] }[];
}

/** What is said about each picture, beside what should be. */
export function Answers({ asked, columns }: AnswersProps) {
  return (
    <Scrolling name="The answers about each picture" class="answered">
      <table>
        <thead>
          <tr>
            <th scope="col">picture and question</th>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {asked.map((lesson, i) => (
            <tr key={i}>
              <th scope="row">
                <img src={pictureAddress(lesson.pictures[0])} alt={lesson.pictures[0]} width="40" height="40" />
                <span>{lesson.question}</span>
              </th>
              {columns.map(({ name, answers }) => (
                <td key={name} class={isRight(lesson, answers[i]) ? "right" : "wrong"}>
                  <b aria-hidden="true">{isRight(lesson, answers[i]) ? "✓" : "✗"}</b>{" "}
                  <span class="unseen">{isRight(lesson, answers[i]) ? "right: " : "wrong: "}</span>
                  {answers[i]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

/** How many answers are right, but for capitals, article and stop. */
export function countRight(asked: readonly Lesson[], answers: readonly string[]): number {
  return asked.filter((lesson, i) => isRight(lesson, answers[i])).length;
}

function isRight({ answer }: Lesson, said = ""): boolean {
  return plain(answer) === plain(said);
}
