import { mediaPlaces } from "../../../model/crossAttention/media.ts";
import { idTensor } from "../../../model/inputs.ts";
import { compute } from "../../../tensor/index.ts";
import { pictureAddress, shipped, shippedPicture } from "./subject.ts";
import { type Figure, picture, rect, text } from "./svg.ts";

interface Mask {
  readonly pictures: readonly string[];
  readonly tokens: readonly string[];
  /** Which picture each token sees, from 1; 0: none. */
  readonly textTime: readonly number[];
}

const [COLUMN, LABEL, ROW] = [30, 70, 56];

/** Which picture each token of a prompt may see. */
export const mask: Figure<Mask> = {
  async measure(...names: string[]) {
    const { model, processor } = await shipped();
    const images = await Promise.all(names.map(shippedPicture));
    const content = [...images.map((image) => ({ image })), "What is in the second picture?"];
    const { inputIds } = processor.apply([{ role: "user", content }]);
    const { image_token_id } = model.config;
    const times = await compute(() => mediaPlaces(idTensor(inputIds, model.backend), image_token_id).textTime);
    return {
      pictures: await Promise.all(names.map(pictureAddress)),
      tokens: processor.pieces(inputIds[0]),
      textTime: Array.from(times),
    };
  },

  draw({ pictures, tokens, textTime }) {
    const seenBy = (time: number) => {
      const first = textTime.indexOf(time);
      return first < 0 ? "no token" : `the tokens from ${JSON.stringify(tokens[first])}, number ${first + 1}, to number ${textTime.lastIndexOf(time) + 1}`; // biome-ignore format: one line
    };
    const top = 118;
    return {
      width: LABEL + tokens.length * COLUMN + 70,
      pictures,
      height: top + pictures.length * ROW + 10,
      alt: `Which of two pictures each of ${tokens.length} tokens sees: none, ${seenBy(0)}; the first, ${seenBy(1)}; the second, ${seenBy(2)}.`, // biome-ignore format: one line
      body: [
        ...tokens.map((token, i) => {
          const x = LABEL + (i + 0.6) * COLUMN;
          const shown = token.trim() || JSON.stringify(token);
          return `<g transform="translate(${x.toFixed(1)} ${top - 12}) rotate(-55)">${text(0, 0, shown, { class: "mono" })}</g>`;
        }),
        ...pictures.flatMap((_, p) => {
          const y = top + p * ROW;
          return [
            picture(10, y, ROW - 6, p),
            ...textTime.map((time, i) => rect(LABEL + i * COLUMN, y, COLUMN - 3, ROW - 6, time === p + 1 ? 'class="picture"' : 'class="rule"')), // biome-ignore format: one line
          ];
        }),
      ].join("\n"),
    };
  },
};
