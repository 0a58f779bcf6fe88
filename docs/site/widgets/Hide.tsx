import { pictureAddress } from "../client/pictures.ts";
import type { Hidden, HideParams } from "../studies/hide.ts";
import { Exercise } from "./Exercise.tsx";
import { PatchGrid } from "./PatchGrid.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** Hide patches by hand, and see what the model says then. */
export const hide: Widget<Hidden, HideParams> = { View: HideView, params: { patches: [] } };

function HideView({ data, params, setParams }: ViewProps<Hidden, HideParams>) {
  const { picture, grid, answer, whole } = data;
  const toggle = (patch: number) =>
    setParams(({ patches }) => ({
      patches: patches.includes(patch) ? patches.filter((one) => one !== patch) : [...patches, patch],
    }));
  return (
    <div class="two">
      <PatchGrid address={pictureAddress(picture)} grid={grid} hidden={params.patches} toggle={toggle} />
      <div>
        <p>With all of the picture:</p>
        <p class="said">{whole}</p>
        <p>
          {data.patches.length === 0
            ? "Click patches to hide them, or go with the arrow keys and press the space bar. What the tower saw there is replaced by what it saw in the corners."
            : `Without ${data.patches.length} of ${grid * grid} patches:`}
        </p>
        {data.patches.length > 0 && (
          <p class={answer === whole ? "said" : "said changed"} role="status">
            {answer}
          </p>
        )}
        <p class="needs-script">
          <button type="button" disabled={params.patches.length === 0} onClick={() => setParams({ patches: [] })}>
            Show all again
          </button>
        </p>
        <Exercise check={() => check(data)}>Change the answer by hiding as few patches as you can.</Exercise>
      </div>
    </div>
  );
}

function check({ patches, answer, whole }: Hidden): { right: boolean; says: string } {
  if (patches.length === 0) return { right: false, says: "Nothing is hidden." };
  if (answer === whole) return { right: false, says: "It still says the same." };
  return {
    right: true,
    says: `${patches.length} ${patches.length === 1 ? "patch was" : "patches were"} enough. Fewer?`,
  };
}
