import { answerWithLooks, dependence, type Image, LEAST_DEPENDENCE, StudiedAnswer } from "../../browser.ts";
import { choices, labelOf, type OpenedModel, openModel } from "./openModel.ts";
import { pictureInput } from "./pictureInput.ts";
import { drawVeil } from "./veil.ts";

/** Beside the page, unless it says where. */
const MODEL = new URL(document.documentElement.dataset["model"] ?? "infimm-tiny", document.baseURI).href;
const EXAMPLES = ["fruit", "dog", "pets", "street", "sea", "stars", "garden", "space"];
const SUGGESTIONS = [
  "What is in the picture?",
  "Please describe the image.",
  "How many things are there?",
  "What colour is the background?",
  "What is on the left?",
];

function find<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}
const form = find<HTMLFormElement>("form");
const question = find<HTMLInputElement>("question");
const backend = find<HTMLSelectElement>("backend");
const veil = find<HTMLCanvasElement>("veil");
const by = find<HTMLFieldSetElement>("by");
const progress = find<HTMLProgressElement>("progress");
const [ask, stop, look, retry] = ["ask", "stop", "look", "retry"].map((id) => find<HTMLButtonElement>(id));
const [alert, answer, words, lookHint, status] = ["alert", "answer", "words", "lookHint", "status"].map(find);

let opened: OpenedModel | undefined;
let loading = false;
let image: Image | undefined;
let answering: AbortController | undefined;
/** What the answer on the page is about, whatever stands in the field by now. */
let asked = "";

function tell(problem: unknown): void {
  alert.textContent = problem instanceof Error ? problem.message : String(problem);
  alert.hidden = alert.textContent === "";
  if (!alert.hidden) alert.scrollIntoView({ block: "nearest" }); // on a phone it is above what is seen
}

/** @param share how much of a longer wait is over, 0 to 1 */
function say(text: string, share?: number): void {
  status.textContent = text;
  progress.hidden = share === undefined;
  progress.value = share ?? 0;
}

function sayReady(): void {
  if (opened && !answering) say(image ? "Ready" : "Choose a picture, then ask.");
}

function refresh(): void {
  const busy = loading || answering !== undefined;
  form.ariaBusy = String(busy);
  ask.disabled = !opened || !image || busy;
  stop.hidden = answering === undefined;
  backend.disabled = busy;
  retry.hidden = opened !== undefined || busy;
}

/** Take back what belongs to the last answer. */
function clearAnswer(): void {
  answering?.abort();
  answer.textContent = "";
  for (const element of [look, words, by, lookHint, veil]) element.hidden = true;
}

/** @param reason to tell why, if the reader did not ask for it */
async function load(wish: string, reason = ""): Promise<void> {
  opened?.assistant.model.dispose();
  opened = undefined;
  loading = true;
  say("Loading …", 0);
  tell("");
  clearAnswer();
  refresh();
  try {
    opened = await openModel(MODEL, wish, (share) => {
      say(`Loading the weights: ${Math.round(100 * share)} %`, share);
    });
    backend.value = opened.backend;
    sayReady();
    const notes = `${reason} ${opened.note}`.trim();
    if (notes) tell(notes); // else what a picture's file has to say may stand there
  } catch (error) {
    say("The model could not be loaded.");
    tell(error);
  }
  loading = false;
  refresh();
}

/** Run `work` while nothing else may be asked; tell what went wrong. */
async function busy(work: (assistant: OpenedModel["assistant"], signal: AbortSignal) => Promise<void>): Promise<void> {
  if (!opened || answering) return;
  const mine = new AbortController();
  answering = mine;
  refresh();
  const began = performance.now();
  try {
    say("Thinking …");
    await work(opened.assistant, mine.signal);
    say(`Done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    say(mine.signal.aborted ? "Stopped" : "Something went wrong.");
    if (!mine.signal.aborted) tell(error);
  }
  answering = undefined;
  refresh();
  if (opened.assistant.model.backend.lost) {
    await load(
      opened.backend,
      "The GPU was lost, and with it the answer. The model is loaded again: please ask again.",
    );
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const picture = image;
  question.value = question.value.trim();
  if (!picture || !question.reportValidity()) return;
  clearAnswer();
  tell("");
  asked = question.value;
  busy(async (assistant, signal) => {
    for await (const piece of assistant.ask(asked, [picture], { signal })) {
      signal.throwIfAborted(); // the piece was under way when the picture changed
      answer.textContent += piece;
    }
    signal.throwIfAborted();
    look.hidden = false;
  });
});
stop.addEventListener("click", () => answering?.abort());

/** What is known of a word of the answer, patch by patch. Dependence takes longer and comes later. */
interface WordMaps {
  readonly token: string;
  readonly attends: readonly number[];
  depends?: ArrayLike<number>;
}

look.addEventListener("click", () => {
  const picture = image!;
  busy(async (assistant, signal) => {
    const { prompts, answer: ids, looks } = await answerWithLooks(assistant, asked, [picture], { signal });
    signal.throwIfAborted();
    const maps = looks.map(({ token, map }): WordMaps => ({ token, attends: map }));
    const isShown = ids.map((id) => !assistant.processor.tokenizer.isSpecial(id));
    showWords(maps.filter((_, i) => isShown[i]));
    look.hidden = true;
    using study = new StudiedAnswer(assistant, prompts, ids);
    const falls = await dependence(study, {
      onProgress(done, total) {
        signal.throwIfAborted();
        say("Hiding one part of the picture after the other …", done / total);
      },
    });
    signal.throwIfAborted();
    for (const [i, word] of maps.entries()) word.depends = falls[i][0];
    const [depends] = by.querySelectorAll("input");
    depends.disabled = false;
    depends.click();
  });
});

/** The words of the answer as buttons; the one that is pressed is shown on the picture. */
function showWords(shown: readonly WordMaps[]): void {
  const inputs = by.querySelectorAll("input");
  const draw = () => {
    const pressed = [...words.children].findIndex((word) => word.ariaPressed === "true");
    const { attends, depends } = shown[pressed];
    if (inputs[0].checked && depends) drawVeil(veil, depends, LEAST_DEPENDENCE);
    else drawVeil(veil, attends);
  };
  words.replaceChildren(
    ...shown.map(({ token }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: token });
      button.addEventListener("click", () => {
        for (const other of words.children) other.ariaPressed = String(other === button);
        draw();
      });
      return button;
    }),
  );
  [inputs[0].disabled, inputs[1].checked] = [true, true];
  by.onchange = draw;
  words.hidden = by.hidden = lookHint.hidden = false;
  (words.firstElementChild as HTMLElement | null)?.click();
}

const input = pictureInput(
  { drop: find("drop"), file: find("file"), picture: find("picture"), hint: find("hint") },
  (decoded) => {
    clearAnswer();
    tell("");
    image = decoded;
    sayReady();
    refresh();
  },
  tell,
);

for (const name of EXAMPLES) {
  const url = `${MODEL}/pictures/${name}.png`;
  const button = Object.assign(document.createElement("button"), { type: "button", title: name });
  button.append(Object.assign(document.createElement("img"), { src: url, alt: name }));
  button.addEventListener("click", () => input.show(url, `${name}.png`));
  find("examples").append(button);
}
for (const text of SUGGESTIONS) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.addEventListener("click", () => {
    question.value = text;
    if (!ask.disabled) form.requestSubmit();
  });
  find("suggestions").append(button);
}
for (const name of choices) backend.append(new Option(labelOf(name), name));
backend.addEventListener("change", () => load(backend.value));
retry.addEventListener("click", () => load(backend.value));

await Promise.all([load(choices[0]), input.show(`${MODEL}/pictures/${EXAMPLES[0]}.png`, `${EXAMPLES[0]}.png`)]);
