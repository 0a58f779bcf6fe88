import { latentCurve, latentImportance } from "../../../model/study/latents.ts";
import { studyOf } from "./subject.ts";
import { type Figure, rect, text } from "./svg.ts";

interface Latents {
  readonly answer: string;
  /** Nats that the answer loses without each latent. */
  readonly importance: readonly number[];
  /** The answer's log-probability with the most important 1, 2, … latents. */
  readonly curve: readonly number[];
  /** With all of them. */
  readonly whole: number;
}

const SHOWN = 16;
const [LEFT, TOP, WIDTH, HEIGHT] = [56, 40, 420, 200];

/** How few latents an answer needs: its log-probability with the most important ones only. */
export const latents: Figure<Latents> = {
  async measure(picture: string) {
    const study = await studyOf(picture);
    const importance = await latentImportance(study);
    const order = [...importance.keys()].sort((a, b) => importance[b] - importance[a]);
    const curve = await latentCurve(study, order.slice(0, SHOWN));
    const [whole] = (await latentCurve(study, order)).slice(-1);
    const answer = study.tokens.flatMap((token) => (token.special ? [] : [token.text])).join("");
    const rounded = (x: number) => Number(x.toPrecision(4));
    return {
      answer,
      importance: Array.from(importance, rounded),
      curve: Array.from(curve, rounded),
      whole: rounded(whole),
    };
  },

  draw({ answer, importance, curve, whole }) {
    const least = Math.min(...curve);
    const x = (count: number) => LEFT + ((count - 1) / (curve.length - 1)) * WIDTH;
    const y = (logProb: number) => TOP + (logProb / least) * HEIGHT;
    const enough = curve.findIndex((value) => value > whole - 0.2) + 1;
    const cell = 16;
    const most = Math.max(...importance);
    const right = LEFT + WIDTH + 60;
    return {
      width: right + 8 * cell + 80,
      height: TOP + HEIGHT + 50,
      alt:
        `The log-probability of "${answer}" with the most important latents only: ` +
        `${curve
          .slice(0, 4)
          .map((value, i) => `${value.toFixed(2)} with ${i + 1}`)
          .join(", ")}; ${whole.toFixed(2)} with all ${importance.length}. ` + // biome-ignore format: one line
        `${enough > 0 ? `${enough} are as good as all.` : ""}`,
      body: [
        text(LEFT, 22, "how probable the answer is with the best latents only"),
        `<path class="rule" d="M${LEFT} ${TOP}V${TOP + HEIGHT}H${LEFT + WIDTH}"/>`,
        `<path class="rule" stroke-dasharray="4 4" d="M${LEFT} ${y(whole)}H${LEFT + WIDTH}"/>`,
        text(LEFT + WIDTH, y(whole) - 6, `all ${importance.length}`, { anchor: "end", class: "mute" }),
        `<path class="line latent" d="${curve.map((value, i) => `${i === 0 ? "M" : "L"}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`).join("")}"/>`, // biome-ignore format: one line
        ...[1, 2, 4, 8, 16].map((count) => text(x(count), TOP + HEIGHT + 18, String(count), { anchor: "middle", class: "mute" })), // biome-ignore format: one line
        text(LEFT + WIDTH / 2, TOP + HEIGHT + 38, "latents kept", { anchor: "middle", class: "mute" }),
        text(LEFT - 8, TOP + 6, "0", { anchor: "end", class: "mute" }),
        text(LEFT - 8, TOP + HEIGHT, least.toFixed(1), { anchor: "end", class: "mute" }),
        text(right, 22, `what each of the ${importance.length} is worth`),
        ...importance.map((value, i) => {
          const strength = Math.min(1, Math.max(0.06, value / most));
          const [column, row] = [i % 8, Math.floor(i / 8)];
          return rect(right + column * (cell + 4), TOP + row * (cell + 4), cell, cell, `class="latent" rx="${cell / 2}" opacity="${strength.toFixed(2)}"`); // biome-ignore format: one line
        }),
      ].join("\n"),
    };
  },
};
