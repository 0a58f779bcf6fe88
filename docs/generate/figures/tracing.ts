import { causalTracing } from "../../../model/study/tracing.ts";
import { shipped, studyOf } from "./subject.ts";
import { type Figure, rect, text } from "./svg.ts";

interface Traced {
  readonly said: string;
  readonly other: string;
  readonly tokens: readonly string[];
  readonly rows: readonly { readonly path: string; readonly restored: readonly number[] }[];
}

const MODULES = ["**.gated_cross_attn_layer", "model.lang_encoder.model.layers.*"];
const LAST = 6;
const [LABEL, COLUMN, ROW] = [200, 84, 30];

/** Where a picture enters the words: which output at which token brings the word back that another picture took away. */
export const tracing: Figure<Traced> = {
  async measure(picture: string, other: string) {
    const { processor } = await shipped();
    const [study, others] = [await studyOf(picture), await studyOf(other)];
    const token = study.tokens.findIndex(({ id }, i) => id !== others.tokens[i].id);
    const { modules, ...words } = await causalTracing(study, others, { token, modules: MODULES });
    const [said, otherSaid] = processor.pieces([words.said]).concat(processor.pieces([words.other]));
    return {
      said: said.trim(),
      other: otherSaid.trim(),
      tokens: processor.pieces(study.ids.slice(0, study.start + token)).slice(-LAST),
      rows: modules.map(({ path, restored }) => ({
        path: path.replace(/^model\.lang_encoder\.model\./, ""),
        restored: Array.from(restored.slice(-LAST), (x) => Number(x.toFixed(4))),
      })),
    };
  },

  draw({ said, other, tokens, rows }) {
    const all = rows.flatMap(({ path, restored }) => restored.map((value, i) => ({ path, value, token: tokens[i] })));
    const strong = all.filter(({ value }) => value > 0.05);
    return {
      width: LABEL + tokens.length * COLUMN + 20,
      height: 66 + rows.length * ROW,
      alt:
        `The text runs with the picture that makes it say "${other}"; one output at one token is put back to what it was with the other picture. ` +
        `How much of "${said}" comes back: ${strong.map(({ path, value, token }) => `${value.toFixed(2)} at ${path}, ${JSON.stringify(token)}`).join("; ")}; less than 0.05 everywhere else.`, // biome-ignore format: one line
      body: [
        text(10, 22, `how much of “${said}” comes back, instead of “${other}”`),
        ...tokens.map((token, i) => text(LABEL + (i + 0.5) * COLUMN, 50, token.trim() || "␣", { anchor: "middle", class: "mono" })), // biome-ignore format: one line
        ...rows.flatMap(({ path, restored }, r) => {
          const y = 58 + r * ROW;
          return [
            text(LABEL - 10, y + 19, path.replace("gated_cross_attn_layer", "cross-attention"), { anchor: "end", class: "mono" }), // biome-ignore format: one line
            ...restored.map((value, i) => {
              const x = LABEL + i * COLUMN;
              const strength = Math.min(1, Math.max(0.05, value));
              const number = value > 0.05 ? text(x + COLUMN / 2, y + 19, value.toFixed(2), { anchor: "middle", class: value > 0.5 ? "on" : "" }) : ""; // biome-ignore format: one line
              return (
                rect(x + 2, y + 2, COLUMN - 4, ROW - 4, `class="picture" opacity="${strength.toFixed(2)}"`) + number
              );
            }),
          ];
        }),
      ].join("\n"),
    };
  },
};
