import { readdir, readFile } from "node:fs/promises";
import { renderToString } from "preact-render-to-string";
import "../../backends/registerOwn.ts";
import { asked, chosen, firstWord, known, root, show } from "./client/state.ts";
import { builtOnly } from "./bench/built.ts";
import { studies } from "./studies/studies.ts";
import { Figure } from "./widgets/Figure.tsx";
import { RunBar } from "./widgets/RunBar.tsx";
import { WIDGETS } from "./widgets/widget.ts";
import type { Asked, Known, Run } from "./worker/protocol.ts";
import { Session } from "./worker/session.ts";

export const MODEL = "model/infimm-tiny";

/** The question that pages are made with, its answer, and what figures show of it. */
export class Snapshot {
  readonly run: Run;
  readonly known: Known;
  readonly session: Session;
  readonly #found = new Map<string, Promise<unknown>>();

  private constructor(session: Session, run: Run, facts: Known) {
    this.session = session;
    this.run = run;
    this.known = facts;
  }

  static async take(): Promise<Snapshot> {
    const files = await readdir(`${MODEL}/pictures`);
    const pictures = files.filter((name) => name.endsWith(".png")).sort().map((name) => name.replace(".png", "")); // biome-ignore format: one line
    const session = await Session.open({ folder: MODEL, pictures });
    const { questions, first } = await questionsOf();
    const facts: Known = {
      pictures,
      questions,
      side: session.model.config.visual.image_size,
    };
    return new Snapshot(session, await session.run(first), facts);
  }

  /** What the figure of a name shows at first, measured once. */
  measured(name: string): Promise<unknown> {
    const found = this.#found.get(name) ?? this.#measure(name);
    this.#found.set(name, found);
    return found;
  }

  async #measure(name: string): Promise<unknown> {
    if (builtOnly[name]) return JSON.parse(JSON.stringify(await builtOnly[name](this.session, MODEL)));
    if (!WIDGETS[name]) throw new Error(`no figure is called "${name}"; there are ${Object.keys(WIDGETS).join(", ")}`);
    const { params } = await WIDGETS[name]();
    const { pictures, question } = this.run;
    return JSON.parse(JSON.stringify(await studies[name].measure(this.session, { pictures, question }, params, {})));
  }

  /** A figure as it stands in a page before any script has run, with its data for the one that takes over. */
  async figure(name: string, rootOfPage: string): Promise<string> {
    const data = await this.measured(name);
    const widget = await WIDGETS[name]();
    this.#set(rootOfPage);
    const html = renderToString(<Figure name={name} widget={widget} initial={data} />);
    const oneLine = html.replaceAll("\n", "&#10;"); // to Markdown a blank line is the end of HTML
    return `<figure data-widget="${name}"${builtOnly[name] ? " data-bench" : ""}><div class="view">${oneLine}</div>${dataBlock(data)}</figure>`;
  }

  /** What the scripts of all pages begin with, as a script. */
  script(): string {
    return `globalThis.built=${JSON.stringify({ run: this.run, known: this.known })};`;
  }

  /** The bar on top of a page. */
  bar(rootOfPage: string): string {
    this.#set(rootOfPage);
    return `<header id="bar">${renderToString(<RunBar />)}</header>`;
  }

  #set(rootOfPage: string): void {
    root.value = rootOfPage;
    known.value = this.known;
    asked.value = { pictures: this.run.pictures, question: this.run.question };
    chosen.value = firstWord(this.run);
    show(this.run);
  }
}

/** JSON that a script finds in the page. */
function dataBlock(data: unknown): string {
  return `<script type="application/json">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>`; // biome-ignore format: one line
}

/** The questions that come with the model, and the one whose answer is longest, which has most to show. */
async function questionsOf(): Promise<{ questions: string[]; first: Asked }> {
  const all: { pictures: string[]; question: string; answer: string }[] = JSON.parse(
    await readFile(`${MODEL}/pictures/questions.json`, "utf8"),
  );
  const ones = all.filter(({ pictures }) => pictures.length === 1);
  const longest = ones.reduce((a, b) => (b.answer.length > a.answer.length ? b : a));
  return {
    questions: [...new Set(ones.map(({ question }) => question))],
    first: { pictures: longest.pictures.map((name) => name.replace(".png", "")), question: longest.question },
  };
}
