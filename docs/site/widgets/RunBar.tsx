import { useEffect, useRef } from "preact/hooks";
import { pictureAddress } from "../client/pictures.ts";
import { arriving, goLive } from "../client/live.ts";
import { asked, chosen, known, run, type Status, status, words } from "../client/state.ts";
import { PictureSheet } from "./PictureSheet.tsx";
import { ThemeButton } from "./ThemeButton.tsx";
import { KeysButton } from "./KeysButton.tsx";
import { ShareButton } from "./ShareButton.tsx";

/** The run that every page is about: picture, question, and the answer's words, of which one is chosen. */
export function RunBar() {
  const sheet = useRef<HTMLDialogElement>(null);
  const [first, ...more] = asked.value.pictures;
  return (
    <section class="bar" aria-label="Picture, question and answer">
      <button type="button" class="thumb" title="Choose a picture" onClick={() => sheet.current?.showModal()}>
        <img src={pictureAddress(first)} alt={`The picture: ${nameOf(first)}. Choose another`} width="40" height="40" />
        {more.length > 0 && <span class="more">+{more.length}</span>}
      </button>
      <Question />
      {arriving.value ? <p class="words arriving">{arriving.value.join("")}</p> : <Words />}
      <State />
      <span class="tools needs-script">
        <ShareButton />
        <ThemeButton />
        <KeysButton />
      </span>
      <PictureSheet dialog={sheet} />
    </section>
  );
}

function Question() {
  const field = useRef<HTMLInputElement>(null);
  const ask = (event: Event) => {
    event.preventDefault();
    const question = field.current!.value.trim();
    if (question === "") return;
    asked.value = { ...asked.value, question };
    void goLive();
  };
  return (
    <form class="question" onSubmit={ask}>
      <input
        ref={field}
        id="question"
        aria-label="Question"
        list="questions"
        required
        autocomplete="off"
        value={asked.value.question}
        onChange={(event) => event.currentTarget.form!.requestSubmit()}
      />
      <datalist id="questions">
        {known.value.questions.map((question) => (
          <option key={question} value={question} />
        ))}
      </datalist>
    </form>
  );
}

function Words() {
  const row = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    const chosenWord = row.current?.querySelector<HTMLElement>(":has(:checked)");
    if (!row.current || !chosenWord) return;
    const middle = chosenWord.offsetLeft + chosenWord.offsetWidth / 2 - row.current.offsetLeft;
    row.current.scrollLeft = middle - row.current.clientWidth / 2; // not scrollIntoView, which moves the page, too
  }, [chosen.value, run.value]);
  return (
    <fieldset class="words" ref={row}>
      <legend class="unseen">The answer: choose a word</legend>
      {words.value.map(({ at, text, probability }) => (
        <label key={at} class="word" title={`${(100 * probability).toFixed(1)} % likely here`}>
          <input type="radio" name="word" checked={at === chosen.value} onChange={() => (chosen.value = at)} />
          <span>{text.trim() || text}</span>
          <i style={{ width: `${100 * probability}%` }} />
        </label>
      ))}
      {run.value.tokens.length === 0 && <span>no answer yet</span>}
    </fieldset>
  );
}

function State() {
  const { is } = status.value;
  return (
    <span class={`state ${is}`}>
      <span role="status">{stateText(status.value)}</span>
      {is === "failed" && (
        <button type="button" onClick={() => void goLive()}>
          Try again
        </button>
      )}
    </span>
  );
}

function stateText(now: Status): string {
  if (now.is === "snapshot") return "as built";
  if (now.is === "loading") return `loading ${Math.floor(100 * now.share)} %`;
  if (now.is === "thinking") return "running …";
  if (now.is === "failed") return now.message;
  return `live, ${now.seconds.toFixed(1)} s, ${now.backend}`;
}

function nameOf(ref: string): string {
  if (ref.startsWith("i:")) return "your own";
  return ref.startsWith("s:") ? "a scene that was put together" : ref;
}
