import { useState } from "preact/hooks";
import type { TrainingHere } from "../bench/built.ts";
import type { Fresh, Prepared, Shown, Source, Trained, TrainEvent, TrainParams } from "../bench/protocol.ts";
import { Answers, countRight } from "./Answers.tsx";
import { keepFile } from "./keepFile.ts";
import { Line } from "./Line.tsx";
import { NumberChoice } from "./NumberChoice.tsx";
import { short } from "./PathChip.tsx";
import { type BenchHandle, useBench } from "./useBench.ts";
import { Veiled } from "./Veiled.tsx";
import type { ViewProps, Widget } from "./widget.ts";

/** The connector learns to look, in the reader's browser. */
export const train: Widget<TrainingHere> = { View: TrainView, params: undefined, waits: true };

/** As many updates as nobody waits for: the reader stops it. */
const FOR_EVER = 1e6;
const ASKS_EVERY = 10;
/** Points that a line has at most. */
const POINTS = 60;

type History = { readonly prepared: Prepared; readonly trained: readonly Trained[]; readonly shown: readonly Shown[] };
type Doing = { readonly is: "nothing" | "built" | "training" } | { readonly is: "loading"; readonly share: number };

function TrainView({ data }: ViewProps<TrainingHere>) {
  const [params, setParams] = useState<TrainParams>({ ...data.params, updates: FOR_EVER, asksEvery: ASKS_EVERY });
  const [fresh, setFresh] = useState<Fresh>("connector");
  const [history, setHistory] = useState<History>(data);
  const [doing, setDoing] = useState<Doing>({ is: "built" });
  const [complaint, complain] = useState("");
  const [isOther, setOther] = useState(false); // what was chosen is not what it trains by
  const bench = useBench(data.lessons);
  const run = async (anew: boolean) => {
    complain("");
    setOther(false);
    try {
      await runOn(bench, { anew, params, fresh, setHistory, setDoing });
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error));
    }
    setDoing({ is: "nothing" });
  };
  const keep = async () => {
    const jobs = await bench.open(() => {});
    keepFile("model.safetensors", await jobs.send<Uint8Array>({ save: null }));
  };
  const isBusy = doing.is === "loading" || doing.is === "training";
  return (
    <>
      <Choices
        params={params}
        setParams={(chosen) => {
          setParams(chosen);
          setOther(true);
        }}
        fresh={fresh}
        setFresh={(chosen) => {
          setFresh(chosen);
          setOther(true);
        }}
        isBusy={isBusy}
      />
      <p class="needs-script choices">
        <button type="button" class="strong" disabled={isBusy} onClick={() => void run(true)}>
          {doing.is === "built" ? "Train it here" : "Start anew"}
        </button>
        <button type="button" disabled={doing.is !== "training"} onClick={() => bench.stop()}>
          Pause
        </button>
        <button type="button" disabled={doing.is !== "nothing" || isOther} onClick={() => void run(false)}>
          Go on
        </button>
        <button type="button" disabled={doing.is !== "nothing"} onClick={() => void keep()}>
          Keep the weights
        </button>
      </p>
      {complaint && <p role="alert">{complaint}</p>}
      <Progress data={data} history={history} doing={doing} />
      <Curves history={history} />
      <Looks picture={data.asked[0].pictures[0]} shown={history.shown} />
      <Answers asked={data.asked} columns={history.shown.length > 0 ? columnsOf(history.shown) : []} />
    </>
  );
}

interface RunOptions {
  readonly anew: boolean;
  readonly params: TrainParams;
  readonly fresh: Fresh;
  readonly setHistory: (next: History | ((before: History) => History)) => void;
  readonly setDoing: (doing: Doing) => void;
}

/** Train until it is told to pause. */
async function runOn(bench: BenchHandle, { anew, params, fresh, setHistory, setDoing }: RunOptions): Promise<void> {
  setDoing({ is: "loading", share: 0 });
  const jobs = await bench.open((share) => setDoing({ is: "loading", share }));
  if (anew) {
    const prepared = await jobs.send<Prepared>({ prepare: { code: null, fresh } });
    setHistory({ prepared, trained: [], shown: [] });
  }
  setDoing({ is: "training" });
  const onEvent = (event: TrainEvent) =>
    setHistory((before) =>
      "trained" in event
        ? { ...before, trained: [...before.trained, event.trained] }
        : { ...before, shown: [...before.shown, event.shown] },
    );
  await jobs.send<number, TrainEvent>({ train: params }, { onEvent });
}

interface ChoicesProps {
  readonly params: TrainParams;
  readonly setParams: (params: TrainParams) => void;
  readonly fresh: Fresh;
  readonly setFresh: (fresh: Fresh) => void;
  readonly isBusy: boolean;
}

function Choices({ params, setParams, fresh, setFresh, isBusy }: ChoicesProps) {
  return (
    <p class="needs-script choices">
      <label>
        begins anew:{" "}
        <select disabled={isBusy} onChange={(event) => setFresh(event.currentTarget.value as Fresh)}>
          <option value="connector" selected={fresh === "connector"}>
            the whole connector
          </option>
          <option value="gates" selected={fresh === "gates"}>
            its gates alone
          </option>
        </select>
      </label>
      <label>
        learns from:{" "}
        <select
          disabled={isBusy}
          onChange={(event) => setParams({ ...params, source: event.currentTarget.value as Source })}
        >
          <option value="questions" selected={params.source === "questions"}>
            the questions that come with it
          </option>
          <option value="world" selected={params.source === "world"}>
            ever new pictures
          </option>
        </select>
      </label>
      <NumberChoice
        label="at a time:"
        values={[2, 4, 8, 16]}
        value={params.batch}
        disabled={isBusy}
        set={(batch) => setParams({ ...params, batch })}
      />
      <NumberChoice
        label="rate:"
        values={[5e-4, 1e-3, 2e-3, 3e-3, 4e-3]}
        value={params.lr}
        disabled={isBusy}
        set={(lr) => setParams({ ...params, lr })}
      />
    </p>
  );
}

/** What there is to say, once for each time that the model was asked: it is read out. */
function Progress({ data, history, doing }: { data: TrainingHere; history: History; doing: Doing }) {
  const { prepared, trained, shown } = history;
  if (doing.is === "loading") return <p role="status">Loading the model, {Math.floor(100 * doing.share)} % …</p>;
  const last = shown[shown.length - 1];
  const learning = `${prepared.learning.toLocaleString("en-US")} of ${prepared.parameters.toLocaleString("en-US")} numbers learn`; // biome-ignore format: one line
  const now = last && `after ${last.update} updates ${countRight(data.asked, last.answers)} of ${data.asked.length} answers are right`; // biome-ignore format: one line
  return (
    <p>
      <span role="status">
        {doing.is === "built" && "As built, with the gates alone shut and the rest as trained: "}
        {learning}
        {now && `; ${now}`}.
      </span>{" "}
      {trained.length > 0 && doing.is !== "built" && (
        <span class="mute">Update {trained[trained.length - 1].update}.</span>
      )}
    </p>
  );
}

function Curves({ history: { trained } }: { history: History }) {
  if (trained.length < 2) return null;
  const every = Math.ceil(trained.length / POINTS);
  const some = trained.filter((_, i) => (i + 1) % every === 0);
  const last = trained[trained.length - 1];
  const paths = Object.keys(last.gates);
  return (
    <div class="two">
      <Line
        title="the loss"
        series={[{ name: "loss", values: some.map(({ loss }) => loss) }]}
        summary={`from ${trained[0].loss} to ${last.loss} in ${trained.length} updates`}
        first={every}
        every={every}
      />
      <Line
        title="how far the gates are open"
        series={paths.map((path) => ({ name: short(path), values: some.map(({ gates }) => gates[path]) }))}
        summary={`now ${paths.map((path) => last.gates[path].toFixed(2)).join(", ")}`}
        first={every}
        every={every}
      />
    </div>
  );
}

function Looks({ picture, shown }: { picture: string; shown: readonly Shown[] }) {
  const [first, last] = [shown[0], shown[shown.length - 1]];
  if (!first || first.looks.length === 0) return null;
  const rows = first === last ? [first] : [first, last];
  return (
    <div class="looks">
      {rows.map(({ update, looks }) => (
        <figure key={update}>
          <figcaption>
            Where latents look {update === 0 ? "before it learns" : `after ${update} updates`}: all of them, and some.
          </figcaption>
          <span class="row">
            {looks.map((map, i) => (
              <Veiled key={i} picture={picture} map={map} alt={altOf(map, i)} />
            ))}
          </span>
        </figure>
      ))}
    </div>
  );
}

function altOf(map: readonly number[], i: number): string {
  const most = Math.max(...map);
  const side = Math.sqrt(map.length);
  const at = map.indexOf(most);
  const who = i === 0 ? "all latents" : `latent ${i} of those shown`;
  return `${who}: most at row ${Math.floor(at / side) + 1}, column ${(at % side) + 1}, ${(100 * most).toFixed(1)} %`;
}

function columnsOf(shown: readonly Shown[]): { name: string; answers: readonly string[] }[] {
  const ends = shown.length === 1 ? [shown[0]] : [shown[0], shown[shown.length - 1]];
  return ends.map(({ update, answers }) => ({ name: `after ${update} updates`, answers }));
}
