import { patched } from "../../../nn/patch.ts";
import type { Tensor } from "../../../tensor/index.ts";
import { conversation, shipped } from "./subject.ts";
import { type Figure, rect, text } from "./svg.ts";

interface Gates {
  /** Each gate, with its tanh, and the answer with this one shut. */
  readonly gates: readonly { readonly path: string; readonly open: number; readonly answer: string }[];
  readonly answer: string;
  readonly allShut: string;
}

const ROW = 30;

/** The tanh gates of the model as they are trained, and what it says with one of them shut, and with all. */
export const gates: Figure<Gates> = {
  async measure(picture: string) {
    const assistant = await shipped();
    const { model } = assistant;
    const messages = await conversation(picture);
    const said = async (shut: readonly string[]) => {
      const zero = (branch: Tensor) => branch.zerosLike();
      using _ = shut.length > 0 ? patched(model, Object.fromEntries(shut.map((path) => [path, zero]))) : undefined;
      let answer = "";
      for await (const piece of assistant.reply(messages, { maxNewTokens: 24 })) answer += piece;
      return answer;
    };
    const found: Gates["gates"][number][] = [];
    for (const [path, gate] of model.parameters()) {
      const [, block, branch] = /^(.*)\.(attn|ff)_gate$/.exec(path) ?? [];
      if (!block) continue;
      const [value] = await gate.data();
      found.push({ path, open: Number(Math.tanh(value).toPrecision(4)), answer: await said([`${block}.${branch}`]) });
    }
    const branches = found.map((gate) => gate.path.replace(/_gate$/, ""));
    return { gates: found, answer: await said([]), allShut: await said(branches) };
  },

  draw({ gates: all, answer, allShut }) {
    const label = (path: string) =>
      path.replace(/^model\.lang_encoder\.model\./, "").replace("gated_cross_attn_layer.", "");
    const rows = [
      ...all.map((gate) => ({ name: label(gate.path), open: gate.open, said: gate.answer })),
      { name: "all of them", open: null, said: allShut },
    ];
    return {
      width: 760,
      height: 60 + rows.length * ROW,
      alt:
        `With its gates as they are trained (${all.map(({ open }) => open.toFixed(2)).join(", ")}) the model says "${answer}". ` +
        `${rows.map(({ name, said }) => `With ${name} shut: "${said}"`).join(" ")}`,
      body: [
        text(10, 22, "gate", { class: "mute" }),
        text(170, 22, "tanh", { class: "mute" }),
        text(340, 22, "what the model says with this gate shut", { class: "mute" }),
        ...rows.flatMap(({ name, open, said }, i) => {
          const y = 34 + i * ROW;
          const bar = open === null ? "" : rect(170, y + 4, Math.abs(open) * 100, 12, 'class="latent"') + text(280, y + 15, open.toFixed(2)); // biome-ignore format: one line
          return [
            text(10, y + 15, name, { class: "mono" }),
            bar,
            text(340, y + 15, said, { class: said === answer ? "" : "word" }),
          ];
        }),
      ].join("\n"),
    };
  },
};
