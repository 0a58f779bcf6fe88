import { visualSizes } from "../../../model/config/visualConfig.ts";
import { pictureAddress, shipped } from "./subject.ts";
import { type Figure, picture, rect, text } from "./svg.ts";

interface Patches {
  readonly picture: string;
  readonly size: number;
  readonly patch: number;
  readonly grid: number;
  readonly tokens: number;
}

const SIDE = 240;

/** A picture cut into patches, which become a sequence with CLS in front. */
export const patches: Figure<Patches> = {
  async measure(name: string) {
    const { visual } = (await shipped()).model.config;
    const { grid, tokens } = visualSizes(visual);
    return { picture: await pictureAddress(name), size: visual.image_size, patch: visual.patch_size, grid, tokens };
  },

  draw({ picture: address, size, patch, grid, tokens }) {
    const cell = SIDE / grid;
    const lines = Array.from(
      { length: grid + 1 },
      (_, i) => `M${10 + i * cell} 34v${SIDE}M10 ${34 + i * cell}h${SIDE}`,
    );
    const left = SIDE + 60;
    const shown = 9;
    const step = 44;
    const clip = (i: number) => {
      const [x, y] = [left + 52 + (i % shown) * step, 80 + Math.floor(i / shown) * 54];
      const [column, row] = [i % grid, Math.floor(i / grid)];
      return `<svg x="${x}" y="${y}" width="36" height="36" viewBox="${column * cell} ${row * cell} ${cell} ${cell}">${picture(0, 0, SIDE)}</svg>`; // biome-ignore format: one line
    };
    return {
      width: left + 60 + shown * step,
      pictures: [address],
      height: SIDE + 60,
      alt:
        `A picture of ${size} x ${size} pixels in ${grid} x ${grid} patches of ${patch} x ${patch}. ` +
        `Row by row they become the tokens 1 to ${tokens - 1}; token 0 is CLS: ${tokens} in all.`,
      body: [
        text(10, 22, `${size} x ${size} pixels, ${grid} x ${grid} patches`),
        picture(10, 34, SIDE),
        `<path d="${lines.join("")}" fill="none" stroke="#fff" opacity="0.6"/>`,
        text(left, 22, `${tokens} tokens`),
        rect(left, 80, 44, 36, 'class="latent"'),
        text(left + 22, 103, "CLS", { anchor: "middle", class: "on" }),
        ...Array.from({ length: 2 * shown }, (_, i) => clip(i)),
        text(left + 52, 80 + 2 * 54 + 12, `… to ${tokens - 1}`, { class: "mute" }),
      ].join("\n"),
    };
  },
};
