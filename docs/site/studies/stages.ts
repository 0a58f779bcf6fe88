import { modelInputs } from "../../../model/inputs.ts";
import { GatedCrossAttentionBlock } from "../../../model/crossAttention/gatedCrossAttentionBlock.ts";
import { trace } from "../../../nn/trace.ts";
import { type Grid, gridOf } from "../marks/grid.ts";
import type { Session } from "../worker/session.ts";
import { rounded, type Study } from "./study.ts";

/** What a module gives on the way from the picture to the next word. */
export interface Stage {
  readonly path: string;
  readonly kind: "patches" | "tower" | "resampler" | "looks" | "layer";
  readonly shape: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Its last two dims: a row for each vector. */
  readonly grid: Grid;
  /** Of a block that looks at pictures: the mean |tanh| of its attention's gate. */
  readonly gate?: number;
}

export interface Stages {
  readonly stages: readonly Stage[];
  /** Index among the rows of a text's stage of the one that chooses the answer's first token. */
  readonly firstRow: number;
}

/** One answer from end to end: what stands between its picture and its words. */
export const stages: Study<Stages> = {
  async measure(session, asked, _, turn) {
    const { model } = session;
    const study = await session.study(asked, turn);
    const prompts = await session.prompts(asked);
    const ids = study.ids.slice(0, -1);
    const inputs = modelInputs({ ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] }, model.backend);
    const kinds = stagesOf(session);
    const { acts, output } = trace(model, inputs, { keep: [...kinds.keys()] });
    output.dispose();
    for (const tensor of Object.values(inputs)) tensor.dispose();
    const found: Stage[] = [];
    for (const [path, act] of acts) {
      const values = (await act.data()) as Float32Array;
      const [rows, columns] = act.shape.slice(-2);
      const gate = await gateOf(session, path);
      const grid = gridOf(values, rows, columns);
      found.push({ path, kind: kinds.get(path)!, shape: [...act.shape], ...statistics(values), grid, ...gate });
      act.dispose();
    }
    return { stages: found, firstRow: study.start - 1 };
  },
};

/** The modules that are shown, in the order in which they run. */
function stagesOf({ model }: Session): Map<string, Stage["kind"]> {
  const paths = model.modules();
  const blocks = [...paths].filter(([, module]) => module instanceof GatedCrossAttentionBlock).map(([path]) => path);
  const layers = [...paths.keys()].filter((path) => /^model\.lang_encoder\.model\.layers\.\d+$/.test(path));
  const all: [string, Stage["kind"]][] = [
    ["model.vision_encoder.patch_embed", "patches"],
    ["model.vision_encoder", "tower"],
    ["model.perceiver", "resampler"],
    ...blocks.map((path): [string, Stage["kind"]] => [path, "looks"]),
    [layers[layers.length - 1], "layer"],
  ];
  return new Map(all.filter(([path]) => paths.has(path)));
}

async function gateOf({ model }: Session, path: string): Promise<{ gate?: number }> {
  const block = model.modules().get(path);
  if (!(block instanceof GatedCrossAttentionBlock)) return {};
  const values = (await block.attn_gate.data()) as Float32Array;
  return { gate: rounded(values.reduce((sum, x) => sum + Math.abs(Math.tanh(x)), 0) / values.length) };
}

/** Between which ends values lie, and round what. */
export function statistics(values: Float32Array): { min: number; max: number; mean: number } {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min: rounded(min), max: rounded(max), mean: rounded(sum / values.length) };
}
