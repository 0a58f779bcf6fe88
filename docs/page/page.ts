import { answerLooks } from "../../model/answerLooks.ts";
import type { Image } from "../../index.ts";
import { choices, labelOf, type OpenedModel, openModel } from "./openModel.ts";
import { pictureInput } from "./pictureInput.ts";
import { drawVeil } from "./veil.ts";

const MODEL = new URL("infimm-tiny", document.baseURI).href;
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
const [ask, stop, look] = ["ask", "stop", "look"].map((id) => find<HTMLButtonElement>(id));
const [alert, answer, words, lookHint, status] = ["alert", "answer", "words", "lookHint", "status"].map(find);

let opened: OpenedModel | undefined;
let image: Image | undefined;
let answering: AbortController | undefined;

function tell(problem: unknown): void {
  alert.textContent = problem instanceof Error ? problem.message : String(problem);
  alert.hidden = alert.textContent === "";
}

function refresh(): void {
  ask.disabled = !opened || !image || answering !== undefined;
  stop.hidden = answering === undefined;
  backend.disabled = !opened || answering !== undefined;
}

/** Take back what belongs to the last answer. */
function clearAnswer(): void {
  answering?.abort();
  answer.textContent = "";
  for (const element of [look, words, lookHint, veil]) element.hidden = true;
}

/** @param reason to tell why, if the reader did not ask for it */
async function load(wish: string, reason = ""): Promise<void> {
  opened?.assistant.model.dispose();
  opened = undefined;
  status.textContent = "Loading …";
  clearAnswer();
  refresh();
  try {
    opened = await openModel(MODEL, wish, (share) => {
      status.textContent = `Loading the weights: ${Math.round(100 * share)} %`;
    });
    backend.value = opened.backend;
    status.textContent = "Ready";
    tell(`${reason} ${opened.note}`.trim());
  } catch (error) {
    status.textContent = "The model could not be loaded.";
    tell(error);
  }
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
    status.textContent = "Thinking …";
    await work(opened.assistant, mine.signal);
    status.textContent = `Done in ${((performance.now() - began) / 1000).toFixed(1)} s`;
  } catch (error) {
    status.textContent = mine.signal.aborted ? "Stopped" : "Something went wrong.";
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
  if (!picture) return;
  clearAnswer();
  tell("");
  busy(async (assistant, signal) => {
    for await (const piece of assistant.ask(question.value, [picture], { signal })) answer.textContent += piece;
    look.hidden = false;
  });
});
stop.addEventListener("click", () => answering?.abort());

look.addEventListener("click", () => {
  const picture = image!;
  busy(async (assistant, signal) => {
    const looks = await answerLooks(assistant, question.value, [picture], { signal });
    words.replaceChildren(
      ...looks.map(({ token, map }) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: token });
        button.addEventListener("click", () => {
          for (const other of words.children) other.setAttribute("aria-pressed", String(other === button));
          drawVeil(veil, map);
        });
        return button;
      }),
    );
    words.hidden = lookHint.hidden = false;
    look.hidden = true;
    (words.firstElementChild as HTMLElement | null)?.click();
  });
});

const input = pictureInput(
  { drop: find("drop"), file: find("file"), picture: find("picture"), hint: find("hint") },
  (decoded) => {
    clearAnswer();
    tell("");
    image = decoded;
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

await Promise.all([load(choices[0]), input.show(`${MODEL}/pictures/${EXAMPLES[0]}.png`, `${EXAMPLES[0]}.png`)]);
