import { CARD } from "../cardTable.ts";
import type { Header } from "../itemsFile.ts";
import type { Scores } from "../scoreRun.ts";
import { trialMetrics } from "../trials.ts";
import { escaped } from "./escape.ts";

/** Metrics of all runs beside the card's: a row a metric. */
export function resultTable(runs: readonly { readonly header: Header; readonly scores: Scores }[]): string {
  const rows = runs.flatMap(({ header, scores }, i) =>
    Object.entries(scores.metrics).map(([name, value]) => {
      const interval = scores.intervals[name];
      const range = interval ? interval.map((end) => end.toFixed(2)).join(" to ") : "";
      const cells = [setting(header), value.toFixed(2), range, scores.n, cardText(header, name)];
      const title = `<a href="#run-${i + 1}">${escaped(scores.task)}</a> ${escaped(name)}`;
      return `<tr><th scope="row">${title}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
    }),
  );
  const columns = ["metric", "asked", "here", "95 %", "items", "on the card"];
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join("");
  return `<div class="wide" tabindex="0" role="region" aria-label="Results">
<table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** Trials of one task together: mean and standard deviation over their seeds. */
export function trialTable(runs: readonly { readonly header: Header; readonly scores: Scores }[]): string {
  const [{ header }] = runs;
  const seeds = runs.map((run) => run.header.settings.seed).join(", ");
  const rows = Object.entries(trialMetrics(runs.map(({ scores }) => scores))).map(([name, metric]) => {
    const { mean, standardDeviation: deviation, values } = metric;
    const cells = [
      setting(header),
      mean.toFixed(2),
      deviation.toFixed(2),
      values.map((one) => one.toFixed(2)).join(", "),
    ];
    const title = `<th scope="row">${escaped(name)}</th>`;
    return `<tr>${title}${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
  });
  const columns = ["metric", "asked", "mean", "standard deviation", "each"];
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join("");
  const caption = `${header.task}: ${runs.length} trials, seeds ${seeds}`;
  return `<h3>${escaped(caption)}</h3>
<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}">
<table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

function setting({ settings: { prompts, shots, trueZeroShot, rices } }: Header): string {
  if (prompts === "chat") return "chat";
  const how = shots === 0 && trueZeroShot ? ", no demonstrations" : rices ? ", RICES" : "";
  return `${shots} shots${how}`;
}

/** "InfiMM-Zephyr-7B 59.1, …" of the same task, metric and shots. */
function cardText({ task, settings: { prompts, shots } }: Header, metric: string): string {
  return CARD.filter((one) => one.task === task && one.metric === metric)
    .filter((one) => one.shots === null || (prompts === "base" && one.shots === shots))
    .map(({ model, value, remark }) => `${model} ${value}${remark ? ` (${remark})` : ""}`)
    .join(", ");
}
