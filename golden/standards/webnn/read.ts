import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../../../tensor/index.ts";
import type { Argument, Case, Expected } from "../case.ts";
import { tensorOf } from "../caseFile.ts";

/** One test of WPT's WebNN tables, as JSON. */
interface WebnnTest {
  readonly name: string;
  readonly graph: {
    readonly inputs: Record<string, Values>;
    readonly operators: readonly [{ name: string; arguments: Record<string, unknown>[]; outputs: string | string[] }];
    readonly expectedOutputs: Record<string, Values>;
  };
}

interface Values {
  readonly data: number | string | readonly (number | string)[];
  readonly descriptor: { readonly shape: number[]; readonly dataType: string };
}

/** The cases of a folder of such tables, one file an operation. All that an op gets is named: see table.ts. */
export function readWebnn(folder: string): Case[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => {
    const { tests } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { tests: WebnnTest[] };
    return tests.map(caseOf);
  });
}

function caseOf({ name, graph }: WebnnTest): Case {
  const [operator] = graph.operators;
  const outputs = Array.isArray(operator.outputs) ? operator.outputs : [operator.outputs];
  return {
    name,
    op: operator.name,
    expected: outputs.map((output) => expectedOf(graph.expectedOutputs[output])),
    given() {
      const tensors = new Map<string, Tensor>();
      for (const [key, values] of Object.entries(graph.inputs)) {
        const { shape, source, numbers } = expectedOf(values);
        tensors.set(key, tensorOf(source, shape, numbers));
      }
      const decode = (value: unknown): Argument => {
        if (Array.isArray(value)) return value.map(decode);
        if (value === null) return numberOf(name.split(" ").at(-1)!); // lost on the way to JSON: "minValue as NaN"
        return (typeof value === "string" ? (tensors.get(value) ?? numberOf(value)) : value) as Argument;
      };
      const { options = {}, ...named } = Object.assign({}, ...operator.arguments) as Record<string, unknown>;
      const all = Object.entries({ ...named, ...(options as object) });
      return { inputs: [], attributes: Object.fromEntries(all.map(([key, v]) => [key, decode(v)])), leaves: [] };
    },
  };
}

/** A table writes what JSON cannot say as text: `Infinity`, `-Infinity`, `NaN`. */
function numberOf(text: string): number | string {
  return text === "NaN" || !Number.isNaN(Number(text)) ? Number(text) : text;
}

function expectedOf({ data, descriptor: { shape, dataType } }: Values): Expected {
  const size = shape.reduce((a, b) => a * b, 1);
  const list = Array.isArray(data) ? data : [data];
  const numbers = Array.from({ length: size }, (_, i) => Number(list[list.length === 1 ? 0 : i]));
  return { shape, source: dataType, numbers };
}
