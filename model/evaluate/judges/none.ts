import { InfimmError } from "../../../core/errors.ts";
import type { Judge } from "./judge.ts";

/** No judge: what no rule decides is undecided, and a benchmark that is all judgement cannot be scored. */
export const NO_JUDGE: Judge = {
  name: "none",
  async ask(requests) {
    if (requests.length === 0) return [];
    throw new InfimmError(
      `${requests.length} answers need a judge. Give --judge file, --judge command:PROGRAM or --judge http:ADDRESS`,
    );
  },
};
