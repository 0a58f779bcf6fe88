/**
 * Runs a table of tests that others wrote against this library, and counts.
 *
 *     npx tsx golden/standards/run.ts onnx PATH [--backend NAME] [--list failed|missing]
 *
 * README.md says where the tables come from.
 */
import { parseArgs } from "node:util";
import "../../backends/register.ts";
import { openBackend, type Tensor, valueAndGrad, withBackend } from "../../tensor/index.ts";
import { type Case, NotExpressible, type Op, type Result } from "./case.ts";
import { readCaseFile, tensorOf } from "./caseFile.ts";
import { difference } from "./compare.ts";
import { ONNX } from "./onnx/table.ts";
import { OPINFO } from "./opinfo/table.ts";
import { readWebnn } from "./webnn/read.ts";
import { WEBNN } from "./webnn/table.ts";

type Verdict = "passed" | "failed" | "missing";

const TABLES: Record<string, { read(path: string): Case[]; ops: Record<string, Op> }> = {
  onnx: { read: readCaseFile, ops: ONNX },
  opinfo: { read: readCaseFile, ops: OPINFO },
  webnn: { read: readWebnn, ops: WEBNN },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { backend: { type: "string", default: "cpu" }, list: { type: "string" }, op: { type: "string" } },
});
const [name, path] = positionals;
if (!Object.hasOwn(TABLES, name) || path === undefined) {
  throw new Error(`usage: run.ts ${Object.keys(TABLES).join("|")} PATH [--backend NAME] [--list failed|missing]`);
}
const { read, ops } = TABLES[name];
await openBackend(values.backend);

const counts = { passed: 0, failed: 0, missing: 0 };
const gradients = { passed: 0, failed: 0 };
const missing = new Map<string, number>();
for (const test of read(path)) {
  if (values.op !== undefined && test.op !== values.op) continue;
  const { verdict, why } = await forward(test);
  counts[verdict]++;
  if (values.list === verdict) console.log(`${test.op} | ${test.name} | ${why}`);
  if (verdict === "missing") missing.set(test.op, (missing.get(test.op) ?? 0) + 1);
  if (verdict !== "passed" || !test.gradients) continue;
  const wrong = await backward(test);
  gradients[wrong === undefined ? "passed" : "failed"]++;
  if (wrong !== undefined && values.list === "gradients") console.log(`${test.op} | ${test.name} | ${wrong}`);
}
if (missing.size > 0) console.log("not expressible:", [...missing].map(([op, n]) => `${op} ${n}`).join(", "));
if (gradients.passed + gradients.failed > 0) {
  console.log(`gradients of what passed: ${gradients.passed} passed, ${gradients.failed} failed`);
}
const total = counts.passed + counts.failed + counts.missing;
console.log(`${name} on ${values.backend}: ${total} cases, ${counts.missing} not expressible`);
console.log(`${counts.passed} passed, ${counts.failed + counts.missing} failed`);
process.exit(0);

async function forward(test: Case): Promise<{ verdict: Verdict; why?: string }> {
  const op = Object.hasOwn(ops, test.op) ? ops[test.op] : undefined;
  if (!op) return { verdict: "missing", why: "no such op" };
  try {
    const results = listOf(
      await withBackend(values.backend, () => {
        const { inputs, attributes } = test.given();
        return op(inputs, attributes);
      }),
    ).filter((_, i) => test.wanted?.[i] ?? true);
    if (results.length < test.expected.length) return { verdict: "failed", why: `${results.length} results` };
    for (const [i, expected] of test.expected.entries()) {
      const result = results[i];
      const wrong = result === null ? "no result" : await difference(result, expected);
      if (wrong !== undefined) return { verdict: "failed", why: `result ${i}: ${wrong}` };
    }
    return { verdict: "passed" };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { verdict: error instanceof NotExpressible ? "missing" : "failed", why };
  }
}

async function backward({ op, given, gradients }: Case): Promise<string | undefined> {
  const { upstream, expected } = gradients!;
  try {
    const { leaves, grads } = withBackend(values.backend, () => {
      const { inputs, attributes, leaves } = given();
      const weights = tensorOf("float32", upstream.shape, upstream.numbers);
      const loss = () => (listOf(ops[op](inputs, attributes) as Result)[0] as Tensor).mul(weights).sum();
      return { leaves, grads: valueAndGrad(loss, new Map(leaves.map((t, i) => [String(i), t]))).grads };
    });
    for (const i of leaves.keys()) {
      const [got, wanted] = [grads.get(String(i)), expected[i]];
      if (!wanted) continue;
      if (!got && Array.from(wanted.numbers).some((x) => x !== 0)) return `no gradient of input ${i}`;
      const wrong = got && (await difference(got, wanted));
      if (wrong) return `gradient ${i}: ${wrong}`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function listOf(result: Result): readonly (Tensor | number | boolean | null)[] {
  return Array.isArray(result) ? result : [result as Tensor | number | boolean];
}
