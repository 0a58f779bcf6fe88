import type { InfiMM } from "../model/infimm.ts";
import { modelInputs } from "../model/inputs.ts";
import { trace } from "../nn/trace.ts";
import type { Backend } from "../tensor/index.ts";
import type { Check, Checker } from "./check.ts";
import type { GoldenCase } from "./set.ts";

/** Every activation, tap and output of the whole model on a case, in the order of computation. */
export async function checkForward(
  model: InfiMM,
  golden: GoldenCase,
  checker: Checker,
  backend: Backend,
): Promise<void> {
  const prompts = golden.prompts();
  const { output, acts } = trace(model, modelInputs(prompts, backend), { keep: ["**", "**:*"] });
  const stored = { activation: new Set(golden.paths("activations")), tap: new Set(golden.paths("taps")) };
  try {
    for (const [path, act] of acts) {
      const kind = path.includes(":") ? "tap" : "activation";
      if (!stored[kind].delete(path)) continue;
      const ours = { data: await act.data(), shape: act.shape };
      checker.values(
        { how: "chain", kind, path },
        ours,
        golden.read(kind === "tap" ? "taps" : "activations", path),
        path,
      );
    }
    for (const kind of ["activation", "tap"] as const) {
      for (const path of stored[kind]) checker.failure({ how: "chain", kind, path }, "our model does not produce it");
    }
    if (golden.has("outputs", "logits")) {
      const ours = { data: await output.data(), shape: output.shape };
      checkLogits({ how: "chain", kind: "logits", path: "logits" }, ours, golden, checker);
      if (backend.fused.attention) await checkUnobserved(model, golden, checker, backend);
    }
  } finally {
    for (const act of acts.values()) act.dispose();
    output.dispose();
  }
}

/** Taps make a backend compute attention in steps. What it does when nobody looks must come to the same. */
async function checkUnobserved(model: InfiMM, golden: GoldenCase, checker: Checker, backend: Backend): Promise<void> {
  using output = model.call(modelInputs(golden.prompts(), backend));
  const ours = { data: await output.data(), shape: output.shape };
  checkLogits({ how: "chain", kind: "logits", path: "logits (untapped)" }, ours, golden, checker);
}

/** Logits at the positions that are not padding. */
export function checkLogits(
  subject: Pick<Check, "how" | "kind" | "path">,
  ours: { data: ArrayLike<number>; shape: readonly number[] },
  golden: GoldenCase,
  checker: Checker,
): void {
  const logits = golden.read("outputs", "logits");
  const real = golden.prompts().attentionMask.flatMap((row) => Array.from(row));
  checker.values(subject, ours, logits, "logits", (i) => real[Math.floor(i / logits.shape[2])] !== 0);
}
