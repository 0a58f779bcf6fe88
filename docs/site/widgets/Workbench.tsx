import { useEffect, useState } from "preact/hooks";
import type { Recipe, Workbench } from "../bench/built.ts";
import type { BenchJob, Bill as Costs, Prepared, Scores, TrainEvent, TrainParams } from "../bench/protocol.ts";
import { hashPart, packCode, setHashPart, unpackCode } from "../client/codeAddress.ts";
import type { Jobs } from "../client/jobs.ts";
import { Answers, countRight } from "./Answers.tsx";
import { Bill } from "./Bill.tsx";
import { Editor } from "./Editor.tsx";
import { Exercise } from "./Exercise.tsx";
import { keepFile } from "./keepFile.ts";
import { Line } from "./Line.tsx";
import { Recipes } from "./Recipes.tsx";
import { ScoreTable } from "./ScoreTable.tsx";
import { useBench } from "./useBench.ts";
import type { ViewProps, Widget } from "./widget.ts";

/** Change the architecture, and see what it costs, what it says and how it learns. */
export const workbench: Widget<Workbench> = { View: WorkbenchView, params: undefined, waits: true };

const UPDATES = 20;
const ITEMS = 4;
const TRAIN: TrainParams = { updates: UPDATES, batch: 4, lr: 2e-3, source: "questions", asksEvery: 1e9 };

/** What is known of the code that ran last. */
interface Ran {
  readonly code: string;
  readonly bill: Costs;
  readonly prepared?: Prepared;
  /** Of the shipped model, and of the changed one. */
  readonly answers?: readonly [string[], string[]];
  readonly losses: readonly number[];
  readonly scores?: Scores;
}

function WorkbenchView({ data }: ViewProps<Workbench>) {
  const recipeOf = (name: string) => data.recipes.find((recipe) => recipe.name === name);
  const [code, setCode] = useState(recipeOf(data.first)!.code);
  const [ran, setRan] = useState<Ran>({ code, bill: data.bill, losses: [] });
  const { said, complaint, isBusy, attempt, end } = useAttempts(data);
  useCodeInAddress(data, code, setCode);
  const build = (jobs: Jobs<BenchJob>) => buildAndAsk(jobs, code, setRan);
  const trainOn = async (jobs: Jobs<BenchJob>) => {
    if (ran.code !== code || !ran.prepared) await build(jobs);
    const onEvent = (event: TrainEvent) => {
      if ("trained" in event) setRan((before) => ({ ...before, losses: [...before.losses, event.trained.loss] }));
    };
    await jobs.send<number, TrainEvent>({ train: TRAIN }, { onEvent });
    const answers = await jobs.send<[string[], string[]]>({ answers: null });
    setRan((before) => ({ ...before, answers }));
  };
  const compare = async (jobs: Jobs<BenchJob>) => {
    if (ran.code !== code || !ran.prepared) await build(jobs);
    const scores = await jobs.send<Scores>({ scores: ITEMS });
    setRan((before) => ({ ...before, scores }));
  };
  return (
    <>
      <Recipes recipes={data.recipes} code={code} choose={setCode} />
      <Editor code={code} name="The module, in TypeScript" onChange={setCode} />
      <p class="needs-script choices">
        <button type="button" class="strong" disabled={isBusy} onClick={() => void attempt("Building …", build)}>
          Run
        </button>
        <button type="button" disabled={isBusy} onClick={() => void attempt("Training …", trainOn)}>
          Train {UPDATES} updates
        </button>
        <button type="button" disabled={isBusy} onClick={() => void attempt("Asking …", compare)}>
          Compare
        </button>
        <button type="button" disabled={!isBusy} onClick={end}>
          Stop
        </button>
        <button type="button" onClick={() => keepFile("mine.ts", forNode(code))}>
          Go on in Node
        </button>
      </p>
      <p role="status">{said}</p>
      {complaint && (
        <pre class="complaint" role="alert">
          {complaint}
        </pre>
      )}
      <Bill bill={ran.bill} />
      <Found data={data} ran={ran} />
      <Exercise check={() => check(data, ran)}>
        Halve the resampler's parameters, or better, and train until as many answers are right as before you changed
        anything, but one.
      </Exercise>
    </>
  );
}

/** What the changed model says, and how it learns; nothing, before it ran. */
function Found({ data, ran: { prepared, answers, losses, scores } }: { data: Workbench; ran: Ran }) {
  if (!prepared || !answers) return null;
  const learning = prepared.learning.toLocaleString("en-US");
  return (
    <>
      <p>
        The changed model has {prepared.parameters.toLocaleString("en-US")} parameters, of which {learning} are new and
        learn; {prepared.unplaced} of the shipped model's weights found no place in it.
      </p>
      {losses.length > 1 && (
        <Line
          title="the loss"
          series={[{ name: "loss", values: losses }]}
          summary={`from ${losses[0]} to ${losses[losses.length - 1]} in ${losses.length} updates`}
          first={1}
        />
      )}
      <Answers
        asked={data.asked}
        columns={[
          { name: "as it ships", answers: answers[0] },
          { name: `changed, after ${losses.length} updates`, answers: answers[1] },
        ]}
      />
      {scores && <ScoreTable scores={scores} updates={losses.length} />}
    </>
  );
}

/** Build what the code makes, bill it, and ask it about each picture. */
async function buildAndAsk(jobs: Jobs<BenchJob>, code: string, setRan: (ran: Ran) => void): Promise<void> {
  const { transpile } = await import("../bench/transpile.ts");
  const script = transpile(code);
  const bill = await jobs.send<Costs>({ bill: script });
  setRan({ code, bill, losses: [] });
  const prepared = await jobs.send<Prepared>({ prepare: { code: script, fresh: "connector" } });
  const answers = await jobs.send<[string[], string[]]>({ answers: null });
  setRan({ code, bill, prepared, answers, losses: [] });
}

/** One thing after the other in a bench, and what is to be said of it. */
function useAttempts({ lessons }: Workbench) {
  const [said, say] = useState("");
  const [complaint, complain] = useState("");
  const [isBusy, setBusy] = useState(false);
  const bench = useBench(lessons);
  const attempt = async (what: string, work: (jobs: Jobs<BenchJob>) => Promise<void>) => {
    setBusy(true);
    complain("");
    try {
      say("Loading the model …");
      const jobs = await bench.open((share) => say(`Loading the model, ${Math.floor(100 * share)} % …`));
      say(what);
      await work(jobs);
      say("Done.");
    } catch (error) {
      say("It did not run.");
      complain(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return { said, complaint, isBusy, attempt, end: bench.end };
}

/** The address carries the code: the name of a recipe as it is, or all of what was changed. */
function useCodeInAddress({ recipes, first }: Workbench, code: string, setCode: (code: string) => void): void {
  const [isRead, setRead] = useState(false);
  useEffect(() => {
    void readCode(recipes).then((found) => {
      if (found !== undefined) setCode(found);
      setRead(true);
    });
  }, []);
  useEffect(() => {
    if (!isRead) return;
    const timer = setTimeout(() => void writeCode(recipes, code, first), 300);
    return () => clearTimeout(timer);
  }, [code, isRead]);
}

async function readCode(recipes: readonly Recipe[]): Promise<string | undefined> {
  const recipe = recipes.find(({ name }) => name === hashPart("recipe"));
  const packed = hashPart("c");
  if (recipe || packed === null) return recipe?.code;
  return unpackCode(packed).catch(() => undefined); // a link that was cut: the page is as without it
}

async function writeCode(recipes: readonly Recipe[], code: string, first: string): Promise<void> {
  const recipe = recipes.find((one) => one.code === code);
  setHashPart("c", recipe ? null : await packCode(code));
  setHashPart("recipe", recipe && recipe.name !== first ? recipe.name : null);
}

/** The module as a file that runs by itself. */
function forNode(code: string): string {
  return `// In a clone of the repository, after npm ci: npx tsx mine.ts
import { configOf, report } from "infimm";
${code}

console.log(report(make(configOf("infimm-zephyr"))).toString({ depth: 3 }));
`;
}

function check({ asked }: Workbench, { bill, answers }: Ran): { right: boolean; says: string } {
  const [before, after] = bill.rows.find(({ part }) => part === "resampler")!.parameters;
  if (after > before / 2) return { right: false, says: `The resampler has ${((100 * after) / before).toFixed(0)} % of its parameters.` }; // biome-ignore format: one line
  if (!answers) return { right: false, says: "Small enough. Now run and train it." };
  const [shipped, changed] = answers.map((said) => countRight(asked, said));
  return { right: changed >= shipped - 1, says: `${changed} answers are right, ${shipped} were before.` };
}
