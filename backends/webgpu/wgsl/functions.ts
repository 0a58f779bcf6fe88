import { EXPONENTIAL } from "./functions/exponential.ts";
import { HALVES } from "./functions/halves.ts";
import { INTEGERS } from "./functions/integers.ts";
import { NAN } from "./functions/nan.ts";
import { POWER } from "./functions/power.ts";
import { REMAINDER } from "./functions/remainder.ts";
import { WAVES } from "./functions/waves.ts";
import { WIDE } from "./functions/wide.ts";

/** Functions on numbers, for kernels that name them. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  ...NAN,
  ...EXPONENTIAL,
  ...WIDE,
  ...WAVES,
  ...POWER,
  ...REMAINDER,
  ...INTEGERS,
  ...HALVES,
};

/** The functions that `code` calls, and those that they call. */
export function functionsFor(code: string): string {
  const found = new Set<string>();
  const look = (text: string) => {
    for (const name of Object.keys(FUNCTIONS)) {
      if (found.has(name) || !new RegExp(`\\b${name}\\(`).test(text)) continue;
      found.add(name);
      look(FUNCTIONS[name]);
    }
  };
  look(code);
  return [...found].map((name) => FUNCTIONS[name]).join("\n");
}
