import { lens as logitLens, type Rung } from "../../../model/study/lens.ts";
import { indexOfWord, studyOf } from "./subject.ts";
import { type Figure, rect, text } from "./svg.ts";

interface Side {
  readonly top: readonly { readonly text: string; readonly probability: number }[];
}

interface Ladder {
  readonly word: string;
  readonly rungs: readonly { readonly path: string; readonly seeing: Side; readonly blind: Side }[];
}

const ROW = 34;
const BAR = 300;
const LABEL = 240;

/** What the model would say in the place of a word behind each layer, with the picture and without. */
export const lens: Figure<Ladder> = {
  async measure(picture: string, word: string) {
    const study = await studyOf(picture);
    const token = indexOfWord(study, word);
    const [seeing, blind] = [await logitLens(study), await logitLens(study, { pictures: false })];
    const side = (rung: Rung): Side => ({
      top: rung.tokens[token].top.map(({ text: said, probability }) => ({
        text: said.trim(),
        probability: Number(probability.toPrecision(4)),
      })),
    });
    const rungs = seeing.map((rung, i) => ({
      path: rung.path.replace(/^model\.lang_encoder\.model\./, ""),
      seeing: side(rung),
      blind: side(blind[i]),
    }));
    return { word, rungs: rungs.reverse() };
  },

  draw({ word, rungs }) {
    const x = { seeing: LABEL, blind: LABEL + BAR + 24 };
    const bars = (y: number, from: number, { top }: Side) => {
      let at = from;
      return top.map(({ text: said, probability }, i) => {
        const width = probability * BAR;
        const x0 = at;
        at += width;
        const strength = `opacity="${(1 - 0.17 * i).toFixed(2)}" stroke="currentColor" stroke-width="0.4"`;
        const label = width > 7 * said.length + 8 ? text(x0 + 5, y + 16, said, { class: "on" }) : "";
        return rect(x0, y, width, ROW - 10, `class="${said === word ? "word" : "latent"}" ${strength}`) + label;
      });
    };
    const first = rungs.findLastIndex(({ seeing }) => seeing.top[0].text === word);
    const { blind } = rungs[0];
    return {
      width: x.blind + BAR + 12,
      height: 44 + rungs.length * ROW,
      alt:
        `What the model would say in the place of "${word}" behind each layer. ` +
        `${first < 0 ? "It is the likeliest nowhere" : `It is the likeliest from ${rungs[first].path} on (${percent(rungs[first].seeing)})`}, ` +
        `and ${percent(rungs[0].seeing)} at the end. Without the picture the end would be ${blind.top[0].text} (${percent(blind)}).`,
      body: [
        text(x.seeing, 22, "with the picture"),
        text(x.blind, 22, "without", { class: "mute" }),
        ...rungs.flatMap(({ path, seeing, blind: without }, i) => {
          const y = 34 + i * ROW;
          return [text(LABEL - 10, y + 16, path.replace("gated_cross_attn_layer", "cross-attention"), { anchor: "end", class: "mono" }), ...bars(y, x.seeing, seeing), ...bars(y, x.blind, without)]; // biome-ignore format: one line
        }),
      ].join("\n"),
    };
  },
};

function percent({ top }: Side): string {
  return `${(100 * top[0].probability).toFixed(0)} %`;
}
