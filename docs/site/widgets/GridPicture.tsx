import { type Grid, gridPicture } from "../marks/grid.ts";

interface GridPictureProps {
  readonly grid: Grid;
  /** What there is to see, in words. */
  readonly alt: string;
  /** A row to point at, counted from 0. */
  readonly row?: number;
}

/** A matrix, a cell a value, with the ends of its scale. */
export function GridPicture({ grid, alt, row }: GridPictureProps) {
  return (
    <span class="grid">
      <span class="cells">
        <img src={gridPicture(grid)} alt={alt} style={{ aspectRatio: `${grid.columns} / ${grid.rows}` }} />
        {row !== undefined && row < grid.rows && (
          <i class="row" style={{ top: `${(100 * row) / grid.rows}%`, height: `${100 / grid.rows}%` }} />
        )}
      </span>
      <span class={grid.low < 0 ? "scale signed" : "scale"}>
        <span>{grid.low}</span>
        <span>{grid.high}</span>
      </span>
    </span>
  );
}
