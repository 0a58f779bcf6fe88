import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";
import { instrument } from "./instrument.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RECORDER = fileURLToPath(new URL("./recorder.ts", import.meta.url));

/**
 * The vite plugin that makes shape comments in nn/ and model/ true: `const sim = …; // [b, h, i, j]` throws a ShapeError
 * when it is not. Tests and docs use it; the shipped source stays plain. All is inserted on the line it belongs to, so
 * line numbers stay right without a source map.
 *
 * `SHAPE_COMMENTS=off` in the environment turns it off.
 */
export function shapeComments(): Plugin {
  return {
    name: "shape-comments",
    enforce: "pre",
    apply: () => process.env.SHAPE_COMMENTS !== "off",
    transform(code, id) {
      const file = relative(ROOT, id.split("?")[0]).replaceAll("\\", "/");
      if (!/^(nn|model)\/.*\.ts$/.test(file) || /\.test\.ts$|^nn\/shapeComments\//.test(file)) return null;
      const checked = instrument(code, file, RECORDER);
      return checked === null ? null : { code: checked, map: null };
    },
  };
}
