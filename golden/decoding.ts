import { beamSearch } from "../model/generate/beam.ts";
import { generate } from "../model/generate/generate.ts";
import type { InfiMM } from "../model/infimm.ts";
import type { Checker } from "./check.ts";
import type { GoldenCase } from "./set.ts";

/** How far the original searched for `beam3_ids`; it may have found an end before. */
const BEAM_TOKENS = 6;

/** Decoding with a cache, greedy and with 3 beams: ids, which must be equal. */
export async function checkDecoding(model: InfiMM, golden: GoldenCase, checker: Checker): Promise<void> {
  for (const path of ["greedy_ids", "batch_greedy_ids"]) {
    if (!golden.has("outputs", path)) continue;
    const expected = golden.rows("outputs", path);
    const rows = await generate(model, golden.prompts(), { maxNewTokens: expected[0].length, imageToken: "emulate" });
    for (const [i, row] of expected.entries()) {
      checker.ids(expected.length > 1 ? `${path}[${i}]` : path, rows[i], row);
    }
  }
  if (golden.has("outputs", "beam3_ids")) {
    const [expected] = golden.rows("outputs", "beam3_ids");
    const options = { beams: 3, lengthPenalty: 0, maxNewTokens: BEAM_TOKENS };
    const [[best]] = await beamSearch(model, golden.prompts(), options);
    checker.ids("beam3_ids", best.ids, expected);
  }
}
