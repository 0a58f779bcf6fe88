import { pictureAddress } from "../client/pictures.ts";
import { veilPicture } from "../marks/grid.ts";
import type { PictureRef } from "../worker/protocol.ts";

interface VeiledProps {
  readonly picture: PictureRef;
  /** How much each patch counts, row by row. */
  readonly map: readonly number[];
  /** What is not dark at all; default: the most that the map has. */
  readonly most?: number;
  /** What there is to see, in words. */
  readonly alt: string;
}

/** A picture that is dark where it does not count. */
export function Veiled({ picture, map, most, alt }: VeiledProps) {
  const brightest = most ?? Math.max(...map, 1e-9);
  return (
    <span class="veiled">
      <img src={pictureAddress(picture)} alt={alt} />
      <img class="veil" src={veilPicture(map, brightest)} alt="" />
    </span>
  );
}
