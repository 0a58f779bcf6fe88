import { InfimmError } from "../../../core/errors.ts";
import { changedItems } from "../changes.ts";
import type { Assistant } from "../../generate/assistant.ts";
import { modelDigest } from "../generateItems.ts";
import type { Header } from "../itemsFile.ts";
import { chooseItems } from "./chooseItems.ts";
import { escaped } from "./escape.ts";
import { itemCard } from "./itemCard.ts";
import { itemLooks } from "./itemLooks.ts";
import { FILTER, STYLE } from "./pageParts.ts";
import { runFolders } from "../trials.ts";
import { type ReadRun, readRun } from "./readRun.ts";
import { resultTable, trialTable } from "./resultTable.ts";

const UNSEEN = "Where the model looked is not shown: these are another program's answers.";

/** Changed items that a report lists of two runs. */
const SHOWN_CHANGES = 100;

/** Of the first items of each run it is shown where the model looked. */
export interface ReportLooks {
  readonly count: number;
  /** The run's model, loaded. */
  readonly load: (header: Header) => Promise<Assistant>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A page about runs that were scored, all in one file: no request leaves it. */
export async function reportPage(folders: readonly string[], looks?: ReportLooks): Promise<string> {
  const runs: ReadRun[] = [];
  const groups: number[][] = [];
  for (const folder of folders) {
    const trials = await runFolders(folder);
    for (const trial of trials) runs.push(await readRun(trial));
    groups.push(trials.map((_, i) => runs.length - trials.length + i));
  }
  const sections: string[] = [];
  for (const [i, run] of runs.entries()) sections.push(await runSection(run, i, looks));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>infimm eval: ${escaped([...new Set(runs.map(({ header }) => header.task))].join(", "))}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Evaluation</h1>
<h2>Results</h2>
${resultTable(runs)}
${groups.flatMap((group) => (group.length > 1 ? trialTable(group.map((i) => runs[i])) : [])).join("\n")}
${runs.flatMap((run, i) => changesSections(run, i, runs)).join("\n")}
<h2>Items</h2>
<p><label for="filter">Show items that have</label> <input id="filter" type="search" autocomplete="off">
<span id="shown" role="status"></span></p>
${sections.join("\n")}
</main>
<script>${FILTER}</script>
</body>
</html>
`;
}

async function runSection(run: ReadRun, index: number, looks?: ReportLooks): Promise<string> {
  const { folder, header, items, scores } = run;
  const cards: string[] = [];
  const chosen = chooseItems(items, scores);
  const assistant = looks && (await assistantOf(run, looks));
  const looked = assistant && looks ? Math.min(looks.count, chosen.length) : 0;
  for (const [i, item] of chosen.entries()) {
    const folders = [folder, header.data];
    const html = assistant && i < looked ? await itemLooks(assistant, header, item, folders) : "";
    cards.push(await itemCard(item, scores, folders, html));
    if (i < looked) looks?.onProgress?.(i + 1, looked);
  }
  const facts = Object.entries({ ...header, judge: scores.judge }).map(([name, value]) => {
    return `<dt>${escaped(name)}</dt><dd>${escaped(typeof value === "string" ? value : JSON.stringify(value))}</dd>`;
  });
  return `<section id="run-${index + 1}">
<h3>${escaped(scores.task)}, run ${index + 1}: ${escaped(header.model)}</h3>
<ul>${[...scores.notes, ...(looks && !assistant ? [UNSEEN] : [])].map((note) => `<li>${escaped(note)}</li>`).join("")}</ul>
<details><summary>All that decides these numbers</summary><dl>${facts.join("")}</dl></details>
${Object.entries(scores.tables)
  .map(([name, table]) => tableDetails(name, table))
  .join("\n")}
${cards.join("\n")}
</section>`;
}

/** The run's model; undefined of another program's answers. @throws if it is another one now */
async function assistantOf({ folder, header }: ReadRun, { load }: ReportLooks): Promise<Assistant | undefined> {
  const { model, backend } = header;
  if (backend === "") return undefined;
  if ((await modelDigest(model)) === header.modelDigest) return load(header);
  throw new InfimmError(
    `${folder}: ${model} is another model now than the one that was asked, so --looks cannot show it`,
  );
}

function tableDetails(name: string, table: Readonly<Record<string, number>>): string {
  const rows = Object.entries(table).map(([row, value]) => {
    return `<tr><th scope="row">${escaped(row)}</th><td>${value.toFixed(2)}</td></tr>`;
  });
  return `<details><summary>${escaped(name)}</summary><table><tbody>${rows.join("")}</tbody></table></details>`;
}

/** Each run against the first of the same task. */
function changesSections(run: ReadRun, index: number, runs: readonly ReadRun[]): string[] {
  const first = runs.findIndex(({ header }) => header.task === run.header.task);
  if (first === index) return [];
  const changes = changedItems(runs[first], run);
  const rows = changes.slice(0, SHOWN_CHANGES).map(({ id, before, after, difference }) => {
    const cells = [difference.toFixed(2), before.question, before.answer, after.answer];
    return `<tr><th scope="row">${escaped(id)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
  });
  const head = ["item", "change", "question", `run ${first + 1}`, `run ${index + 1}`];
  const better = changes.filter(({ difference }) => difference > 0).length;
  const more = changes.length > SHOWN_CHANGES ? ` The ${SHOWN_CHANGES} greatest losses are listed.` : "";
  return [
    `<h2>${escaped(run.header.task)}: from run ${first + 1} to run ${index + 1}</h2>
<p>${better} items are better, ${changes.length - better} worse.${more}</p>
<div class="wide" tabindex="0" role="region" aria-label="Changed items of runs ${first + 1} and ${index + 1}">
<table><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`,
  ];
}
