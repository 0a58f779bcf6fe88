/** What each small app does, with the package as it is published. */

/** Answers a question about the shipped model's dog, and says what a module says of arguments that do not fit. */
const ANSWER = `
async function answer(model, picture) {
  const assistant = await Assistant.fromPretrained(model);
  let text = "";
  for await (const piece of assistant.ask("What is this?", picture)) text += piece;
  let message = "";
  try { new Linear(2, 3).call(tensor([[1, 2, 3]])); } catch (error) { message = error.message; }
  return { text, message };
}
`;

/** In a page, by its address. Whatever is wrong is in the result. */
export const PAGE_APP = `import { Assistant, Linear, tensor } from "infimm";
import { WorkerAssistant } from "infimm/worker";
${ANSWER}
if (!WorkerAssistant.fromPretrained) throw new Error("infimm/worker has no WorkerAssistant");
answer(location.origin + "/model", location.origin + "/model/pictures/dog.png").then(
  (result) => (globalThis.result = result),
  (error) => (globalThis.result = { text: String(error?.stack), message: "" }),
);
`;

/** On a server, from the disk; it prints its result. The other entries are there, too. */
export const SERVER_APP = `import { Assistant, Linear, tensor } from "infimm";
import { rougeL, taskNamed } from "infimm/evaluate";
import { WorkerAssistant } from "infimm/worker";
${ANSWER}
const { corpus } = rougeL([{ caption: "a dog", references: ["a dog"] }]);
if (taskNamed("vqav2").title !== "VQAv2" || corpus !== 1) throw new Error("infimm/evaluate does not score");
if (!WorkerAssistant.fromPretrained) throw new Error("infimm/worker has no WorkerAssistant");
console.log(JSON.stringify(await answer("public/model", "public/model/pictures/dog.png")));
`;

/** A client's page and a server's, of Next. */
export const NEXT_APP = {
  "app/layout.jsx": `export default ({ children }) => <html><body>{children}</body></html>;\n`,
  "app/client/page.jsx": `"use client";
import { useEffect } from "react";
import { Assistant, Linear, tensor } from "infimm";
${ANSWER}
export default function Page() {
  useEffect(() => {
    answer(location.origin + "/model", location.origin + "/model/pictures/dog.png").then(
      (result) => (globalThis.result = result),
      (error) => (globalThis.result = { text: String(error?.stack), message: "" }),
    );
  }, []);
  return <p>client</p>;
}
`,
  "app/server/page.jsx": `import { Assistant, Linear, tensor } from "infimm";
export const dynamic = "force-dynamic";
${ANSWER}
export default async () => <pre>{JSON.stringify(await answer("public/model", "public/model/pictures/dog.png"))}</pre>;
`,
};

/** Types as a careful user's project has them: what is returned is inferred, and named in declarations. */
export const TYPED_APP = `import {
  AdamW, Assistant, type Backend, createWebgpuBackend, type DType, InfiMM, Module, openWeights, parseConfig, Processor,
  softmax, tensor, trace, valueAndGrad,
} from "infimm";
import { tensor as same } from "infimm/core";
import { Assistant as Lean } from "infimm/browser";
import { DEFAULT_SETTINGS, NO_JUDGE, reportPage, rougeL, scoreRun, type Task, taskNamed } from "infimm/evaluate";
import { WorkerAssistant } from "infimm/worker";

export const loaded = () => Assistant.fromPretrained("model", { dtype: "q4" });
export const lean = () => Lean.fromPretrained("model");
export const model = () => InfiMM.fromPretrained("model");
export const processor = () => Processor.fromPretrained("model");
export const applied = (p: Processor) => p.apply([{ role: "user", content: "Hello" }]);
export const config = (json: Record<string, unknown>) => parseConfig(json, "config.json");
export const optimizer = (m: Module) => new AdamW(m, { lr: 1e-3 });
export const weights = () => openWeights("model.safetensors");
export const traced = (m: InfiMM) => trace(m, m.exampleInputs(), { keep: ["**"] });
export const gpu = () => createWebgpuBackend();
export const x = softmax(tensor([[1, 2], [3, 4]]), -1);
export const y = same([1, 2]);
export const graded = valueAndGrad;
export const task = () => taskNamed("vqav2");
export const scored = () => scoreRun("runs/vqav2", { judge: NO_JUDGE });
export const page = () => reportPage(["runs/vqav2"]);
export const settings = (of: Task) => ({ ...DEFAULT_SETTINGS, ...of.defaults, shots: 4 });
export const rouge = rougeL;
export const working = WorkerAssistant.fromPretrained;
export const places: [Backend?, DType?] = [];
export class Twice extends Module {
  forward(value: typeof x) {
    return value.mul(2);
  }
}
`;
