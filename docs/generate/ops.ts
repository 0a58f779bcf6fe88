import { readFileSync } from "node:fs";
import ts from "typescript";
import { createMetaBackend } from "../../backends/meta/meta.ts";
import { definedExpressions } from "../../core/expr.ts";
import { answer, calls, load, namesOf, opOf } from "../../golden/torchCalls.ts";
import { NOT_DIFFERENTIABLE, TABLE } from "../../tensor/gradients.fixture.ts";
import * as T from "../../tensor/index.ts";
import { table } from "./markdown.ts";

const KERNELS = ["map", "reduce", "matmul", "copy", "gather", "scatterAdd", "scan"] as const;

/** Ops that PyTorch calls otherwise, or does not have (""), where the comment above them does not say so. */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    "softplus logsigmoid softsign tanhshrink mish elu leakyRelu relu6 hardsigmoid hardswish hardtanh softshrink"
      .split(" ")
      .map((name) => [name, `torch.nn.functional.${snake(name)}`]),
  ),
  ...Object.fromEntries(["expand", "contiguous"].map((name) => [name, `torch.Tensor.${name}`])),
  cast: "torch.Tensor.to",
  variance: "torch.var",
  uniform: "torch.rand",
  maskedSelectSync: "torch.masked_select",
  nonzeroSync: "torch.nonzero",
  safeSoftmax: "torch.softmax",
  takeAt: "x[i, j, …]",
  slice: "x[start:end:step]",
  fromData: "torch.from_numpy",
  toBackend: "torch.Tensor.to",
  rearrange: "einops.rearrange",
  repeat: "einops.repeat",
  reduce: "einops.reduce",
  applyRope: "",
  attentionOutput: "",
  attentionProbabilities: "",
  squaredNorms: "",
  padAlong: "",
  scatterAlong: "",
  sumToShape: "torch.Tensor.sum_to_size",
};

/** What is exported beside ops. */
const NO_OP = [
  ...NOT_DIFFERENTIABLE["no op"],
  "differentiable",
  "elementwise",
  "customOp",
  "assign",
  "updateRule",
  "softmaxComposite",
];

/** All ops, by name: PyTorch's name, what they are made of, which backends have a kernel of their own, their gradient. */
export function ops(): string {
  const names = Object.entries(T).flatMap(([name, op]) => (typeof op === "function" && !NO_OP.includes(name) ? [name] : [])); // biome-ignore format: one line
  const torch = torchNames();
  const own = ownKernels();
  const parts = kernelsOf(new Set());
  const fused = kernelsOf(new Set(own.keys()));
  const learned = new Set([...TABLE.map(({ op }) => op as string), ...NOT_DIFFERENTIABLE[HELD]]);
  const rows = names
    .sort((a, b) => a.localeCompare(b, "en"))
    .map((name) => {
      const used = KERNELS.filter((kernel) => parts.get(name)?.has(kernel) || (kernel === "map" && isLine(name)));
      const kernels = [...own].filter(([kernel]) => fused.get(name)?.has(kernel));
      return [
        `\`${name}\``,
        code(torch.get(name) ?? ""),
        used.join(", "),
        kernels.map(([kernel, backends]) => `${kernel}: ${backends.join(", ")}`).join("; "),
        learned.has(name) ? "yes" : "",
      ];
    });
  return table(["op", "PyTorch", "made of", "kernels of its own", "gradient"], rows);
}

const HELD = "held to torch's own gradients by golden/torchOps.test.ts";
const isLine = (name: string) => definedExpressions().has(name);
const code = (text: string) => (text === "" ? "" : `\`${text}\``);

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What the comment above an op says that PyTorch calls it; else its own name in snake_case. */
function torchNames(): Map<string, string> {
  const names = new Map<string, string>();
  const source = readFileSync("tensor/index.ts", "utf8");
  for (const [, file] of source.matchAll(/from "\.\/(ops\/\w+\.ts)"/g)) {
    const text = readFileSync(`tensor/${file}`, "utf8");
    for (const [, comment, name] of text.matchAll(COMMENTED)) {
      const said = /torch(\.\w+)+/.exec(comment ?? "")?.[0];
      if (!names.has(name)) names.set(name, NAMES[name] ?? said ?? `torch.${snake(name)}`);
    }
  }
  return names;
}

const COMMENTED = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:async )?(?:function|const) (\w+)/g;

/** Where each backend says which fused kernels it has. */
const FUSED = {
  cpu: "backends/cpu/fast/kernels.ts",
  wasm: "backends/wasm/wasm.ts",
  webgpu: "backends/webgpu/webgpu.ts",
  gpujs: "backends/gpujs/gpujs.ts",
};

/** For each kernel of the interface's `FusedKernels` the backends that have it. */
function ownKernels(): Map<string, string[]> {
  const known: string[] = [];
  visit("tensor/backend.ts", (node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === "FusedKernels") known.push(...node.members.map(nameOf));
  });
  const kernels = new Map<string, string[]>(known.map((name) => [name, []]));
  for (const [backend, file] of Object.entries(FUSED)) {
    visit(file, (node) => {
      if (!ts.isPropertyAssignment(node) || nameOf(node) !== "fused") return;
      visitIn(node, (part) => {
        if (ts.isObjectLiteralElementLike(part)) kernels.get(nameOf(part))?.push(backend);
      });
    });
  }
  return kernels;
}

const nameOf = (node: ts.NamedDeclaration): string => (node.name && ts.isIdentifier(node.name) ? node.name.text : "");

function visit(file: string, look: (node: ts.Node) => void): void {
  visitIn(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest), look);
}

function visitIn(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visitIn(child, look));
}

/** The kernels that each op asks for on a backend that has these fused ones, in the calls that tests make. */
function kernelsOf(fused: ReadonlySet<string>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let used = new Set<string>();
  const note = (kernel: string) => () => void used.add(kernel);
  T.registerBackend({
    ...createMetaBackend(),
    name: "noted",
    ...Object.fromEntries(KERNELS.map((kernel) => [kernel, note(kernel)])),
    fused: Object.fromEntries([...fused].map((kernel) => [kernel, note(kernel)])),
  });
  const run = (name: string, inputs: () => T.Tensor[], call: (tensors: T.Tensor[]) => unknown) => {
    used = new Set(); // what makes the inputs does not count
    const tensors = T.withBackend("noted", inputs);
    used = found.get(name) ?? new Set();
    found.set(name, used);
    T.withBackend("noted", () => T.scope(() => void call(tensors)));
  };
  for (const { op, inputs, run: call } of TABLE) {
    const alone = op === "cast" ? ([x]: T.Tensor[]) => T.cast(x, "f16") : (all: T.Tensor[]) => call(...all);
    run(op, () => inputs.map((shape) => T.zeros(shape)), alone);
  }
  for (const call of calls.filter(({ op }) => !op.endsWith("_sync"))) {
    const names = namesOf(call);
    const inputs = () => names.map((name) => load(call, `inputs/${name}`));
    run(opOf(call), inputs, (all) => answer(call, new Map(all.map((t, i) => [names[i], t]))));
  }
  return found;
}
