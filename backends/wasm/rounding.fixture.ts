import type { Rounding } from "../conformance/case.ts";
import { hasRelaxedSimd } from "./features.ts";
import { fixedPointFor, roundingOf } from "./kernels/quantized/fixedPoint.ts";
import type { WasmOptions } from "./wasm.ts";

/** How far a wasm backend with these options may round activations: by what its digits leave out, and for "f32" not at all. */
export function roundingWith({ activations = "i8", relaxed = true }: WasmOptions): Rounding {
  if (activations === "f32") return { q8: 0, q4: 0 };
  const of = (dtype: "q8" | "q4") => roundingOf(fixedPointFor(dtype, activations, relaxed && hasRelaxedSimd()));
  return { q8: of("q8"), q4: of("q4") };
}
