import { expect, test } from "vitest";
import { fromData, type Tensor } from "../../tensor/index.ts";
import { loadPretrained } from "../checkpoint/pretrained.ts";
import { readJson } from "../files/readFile.ts";
import type { Inputs } from "../flamingo.ts";
import { beamSearch } from "./beam.ts";
import { prompts } from "./prompts.fixture.ts";

interface Run {
  readonly table: number;
  readonly options: {
    readonly num_beams: number;
    readonly length_penalty: number;
    readonly early_stopping: boolean | "never";
    readonly max_new_tokens: number;
  };
  /** Of both prompts, one after the other. */
  readonly ids: readonly (readonly number[])[];
  readonly scores: readonly number[];
  readonly steps: number;
}

/** Searches of transformers where the model is a table: made by golden/export/export_searches.py. */
const { tables, runs } = (await readJson("golden/fixtures/generation/searches.json")) as {
  tables: number[][][];
  runs: Run[];
};
const FIRST = 3;
const END = 5;
const model = await loadPretrained("golden/fixtures/tiny-zephyr");
const VOCAB = model.config.language.vocab_size;

/** Makes the model say what a table has after the last token, sharper the more there are; how often it is asked. */
function speak(table: readonly (readonly number[])[]): { steps: number } {
  const asked = { steps: 0 };
  model.forward = ({ inputIds }: Inputs): Tensor => {
    asked.steps++;
    const sharper = 1 + inputIds.shape[1] / 32;
    const rows = Array.from(inputIds.select(1, -1).dataSync(), (id) =>
      Array.from({ length: VOCAB }, (_, next) => sharper * (table[id - FIRST]?.[next - FIRST] ?? -30)),
    );
    return fromData(Float32Array.from(rows.flat()), [rows.length, 1, VOCAB]);
  };
  return asked;
}

test.each(runs)("transformers, table $table, $options", async ({ table, options, ids, scores, steps }) => {
  const asked = speak(tables[table]);
  const searches = await beamSearch(
    model,
    prompts([
      [1, 8],
      [1, 4],
    ]),
    {
      beams: options.num_beams,
      lengthPenalty: options.length_penalty,
      earlyStopping: options.early_stopping,
      maxNewTokens: options.max_new_tokens,
      eosTokenIds: [END],
      useCache: false,
    },
  );
  const found = searches.flat();
  expect(found.map((text) => text.ids)).toEqual(ids.map((row) => row.slice(0, 1 + row.indexOf(END) || row.length)));
  for (const [i, { score }] of found.entries())
    expect(Math.abs(score - scores[i])).toBeLessThan(1e-5 * Math.abs(scores[i]));
  expect(asked.steps).toBe(steps);
});
