import { pictureAddress } from "../client/pictures.ts";
import { chosen, run, word } from "../client/state.ts";
import type { Stage, Stages } from "../studies/stages.ts";
import { GridPicture } from "./GridPicture.tsx";
import { PathChip } from "./PathChip.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** One answer from end to end: what each part of the model makes of the picture, down to the next word. */
export const stages: Widget<Stages> = { View: StagesView, params: undefined };

function StagesView({ data }: ViewProps<Stages>) {
  const row = data.firstRow + chosen.value;
  return (
    <ol class="stages">
      <li>
        <span class="grid">
          {run.value.pictures.map((ref) => (
            <img key={ref} class="pixels" src={pictureAddress(ref)} alt={`the picture: ${ref.slice(0, 20)}`} />
          ))}
        </span>
        <div>
          <h2>The picture</h2>
          <p>“{run.value.question}”</p>
        </div>
      </li>
      {data.stages.map((stage) => (
        <li key={stage.path}>
          <GridPicture grid={stage.grid} alt={altOf(stage)} row={isText(stage) ? row : undefined} />
          <div>
            <h2>{TITLES[stage.kind]}</h2>
            <p>{saidOf(stage)}</p>
            <p class="facts">
              <PathChip path={stage.path} />
              <span class="numbers">
                [{stage.shape.join(", ")}], {stage.min} … {stage.max}, mean {stage.mean}
              </span>
            </p>
          </div>
        </li>
      ))}
      <li class="last">
        <NextWords />
        <div>
          <h2>The next word</h2>
          <p>
            The last vector at the marked row is compared with every word that the model knows. Of all answers so far
            the likeliest continuation is “{word.value?.top[0]?.text.trim()}”. Choose another word above, and its row is
            marked.
          </p>
        </div>
      </li>
    </ol>
  );
}

const TITLES: Readonly<Record<Stage["kind"], string>> = {
  patches: "Cut into patches",
  tower: "The tower has looked",
  resampler: "Summed up",
  looks: "The words look",
  layer: "The last layer",
};

function saidOf({ kind, shape, gate }: Stage): string {
  const [rows, columns] = shape.slice(-2);
  if (kind === "patches") return `${rows} squares of the picture, each a row of ${columns} numbers.`;
  if (kind === "tower") return `${rows} rows: one for the whole picture, and one for each patch, which has seen the others.`; // biome-ignore format: one line
  if (kind === "resampler") return `${rows} latents, whatever the size of the picture. This is all that words ever see of it.`; // biome-ignore format: one line
  if (kind === "looks") return `A row for each token of question and answer, now with what it took from the latents. The gate lets ${gate?.toFixed(2)} of it through.`; // biome-ignore format: one line
  return "Each row is now about the token that comes next.";
}

function isText({ kind }: Stage): boolean {
  return kind === "looks" || kind === "layer";
}

function altOf({ shape, min, max, mean }: Stage): string {
  const [rows, columns] = shape.slice(-2);
  return `${rows} rows of ${columns} values, from ${min} to ${max}, mean ${mean}`;
}

/** What might have stood in the place of the chosen word. */
function NextWords() {
  return (
    <table class="next">
      <caption class="unseen">The likeliest words in the place of “{word.value?.text.trim()}”</caption>
      <tbody>
        {word.value?.top.map(({ text, probability }, i) => (
          <tr key={i}>
            <th scope="row">{text.trim() || JSON.stringify(text)}</th>
            <td>
              <i style={{ width: `${100 * probability}%` }} />
              <span>{percent(probability)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function percent(probability: number): string {
  return probability < 0.0005 ? "< 0.1 %" : `${(100 * probability).toFixed(1)} %`;
}
