import type { Recipe } from "../bench/built.ts";
import { Scrolling } from "./Scrolling.tsx";

interface RecipesProps {
  readonly recipes: readonly Recipe[];
  readonly code: string;
  readonly choose: (code: string) => void;
}

/** What to begin with, and how each learnt when that was measured. */
export function Recipes({ recipes, code, choose }: RecipesProps) {
  const chosen = recipes.find((recipe) => recipe.code === code);
  return (
    <>
      <p class="needs-script choices">
        <label>
          begin with:{" "}
          <select onChange={(event) => choose(recipes[Number(event.currentTarget.value)].code)}>
            {!chosen && <option selected>your own code</option>}
            {recipes.map((recipe, i) => (
              <option key={recipe.name} value={i} selected={recipe === chosen}>
                {recipe.title}
              </option>
            ))}
          </select>
        </label>
        {!chosen && (
          <button type="button" onClick={() => choose(recipes[0].code)}>
            Throw my code away
          </button>
        )}
      </p>
      <details>
        <summary>How each of them learnt</summary>
        <Scrolling name="How each of them learnt">
          <table>
            <caption>The loss of the first and of the last of 30 updates, as it was measured once</caption>
            <thead>
              <tr>
                <th scope="col">change</th>
                <th scope="col">first</th>
                <th scope="col">last</th>
              </tr>
            </thead>
            <tbody>
              {recipes.map(({ name, title, losses }) => (
                <tr key={name}>
                  <th scope="row">{title}</th>
                  <td>{losses.first.toFixed(3)}</td>
                  <td>{losses.last.toFixed(3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      </details>
    </>
  );
}
