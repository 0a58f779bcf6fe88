import { Command } from "commander";
import { InfimmError } from "../core/errors.ts";
import { modelInputs } from "../model/inputs.ts";
import { writeSafetensors } from "../model/checkpoint/safetensors/writeSafetensors.ts";
import { trace } from "../nn/trace.ts";
import type { Tensor } from "../tensor/index.ts";
import { type AnswerOptions, questionOf, withModelOptions } from "./answerOptions.ts";
import { loadAssistant } from "./loadAssistant.ts";
import { openPictures } from "./picture.ts";
import { type Statistics, sparkline, statistics } from "./statistics.ts";

const HELP = `
The model runs once over the pictures and the question. A pattern names modules by their PyTorch paths: * is one name or
part of one, ** any number of names, and path:attn the attention probabilities inside a module. The last column is a
histogram from the least to the greatest value.

Examples:
  $ infimm trace cat.png "What is this?"
  $ infimm trace cat.png "What is this?" --keep "model.perceiver.**" "**:attn" -o activations.safetensors`;

type TraceOptions = Pick<AnswerOptions, "model" | "backend" | "orientation" | "json" | "quiet"> & {
  keep: string[];
  output?: string;
};

interface Row extends Statistics {
  path: string;
  shape: readonly number[];
}

export function traceCommand(): Command {
  const command = new Command("trace")
    .description("every activation: shape, statistics, histogram; to a file, too")
    .usage('[options] [picture...] "<question>"')
    .argument("<question...>", "pictures, then the question")
    .option("--keep <pattern...>", "which activations", ["**"])
    .option("-o, --output <file>", "write them to a safetensors file")
    .addHelpText("after", HELP);
  return withModelOptions(command).action(async (words: string[], options: TraceOptions) => {
    const { pictures, question } = questionOf(command, words);
    await traceQuestion(pictures, question, options);
  });
}

async function traceQuestion(pictures: readonly string[], question: string, options: TraceOptions): Promise<void> {
  const images = await openPictures(pictures, options);
  const { model, processor } = await loadAssistant(options);
  const prompts = processor.apply([{ role: "user", content: [...images.map((image) => ({ image })), question] }]);
  const { acts } = trace(model, modelInputs(prompts, model.backend), { keep: options.keep });
  const rows: Row[] = [];
  for (const [path, act] of acts) rows.push({ path, shape: act.shape, ...statistics(await act.data()) });
  if (options.output) await writeActivations(options.output, acts);
  if (options.json) console.log(JSON.stringify({ model: options.model, pictures, question, activations: rows }));
  else console.log(table(rows) + (options.output ? `\nwritten: ${options.output}` : ""));
}

/** The whole model's output has an empty path, which a file cannot have: it is called `logits` there. */
async function writeActivations(path: string, acts: ReadonlyMap<string, Tensor>): Promise<void> {
  if (acts.has("logits")) throw new InfimmError(`${path}: a module is called logits, as the output would be`);
  const tensors = [...acts].map(([name, act]) => ({
    name: name === "" ? "logits" : name,
    dtype: act.dtype,
    shape: act.shape,
    data: () => act.data(),
  }));
  await writeSafetensors(path, tensors);
}

function table(rows: readonly Row[]): string {
  const figure = (x: number) => (Number.isFinite(x) ? Number(x.toPrecision(4)).toString() : "-");
  const head = ["path", "shape", "mean", "std", "min", "max", "histogram"];
  const cells = rows.map(({ path, shape, mean, std, min, max, histogram, notFinite }) => [
    path === "" ? "(logits)" : path,
    `[${shape.join(", ")}]`,
    ...[mean, std, min, max].map(figure),
    sparkline(histogram) + (notFinite > 0 ? `  ${notFinite} not finite` : ""),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((line) => line[column].length)));
  const lines = [head, ...cells].map((line) =>
    line
      .map((cell, i) => (i >= 2 && i <= 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}
