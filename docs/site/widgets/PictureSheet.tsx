import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { goLive, link } from "../client/live.ts";
import { ownPicture, pictureAddress } from "../client/pictures.ts";
import { asked, known, root } from "../client/state.ts";

/** Which picture the site is about: one that comes along, or the reader's own, which never leaves the page. */
export function PictureSheet({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const [complaint, complain] = useState("");
  const take = async (file: File | undefined) => {
    if (!file) return;
    complain("");
    try {
      await goLive();
      choose(await ownPicture(file));
      dialog.current?.close();
    } catch (error) {
      complain(`${file.name}: ${error instanceof Error ? error.message : error}`);
      if (!dialog.current?.open) dialog.current?.showModal();
    }
  };
  useEffect(() => takeFromAnywhere((file) => void take(file)), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="sheet-title">
      <h2 id="sheet-title">Choose a picture</h2>
      <div class="pictures">
        {known.value.pictures.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={asked.value.pictures[0] === name}
            onClick={() => {
              choose(name);
              void goLive();
              dialog.current?.close();
            }}
          >
            <img src={pictureAddress(name)} alt={name} width="96" height="96" loading="lazy" />
          </button>
        ))}
      </div>
      <p>
        <label class="file">
          Your own: choose a file, paste, or drop one on the page{" "}
          <input type="file" accept="image/*" onChange={(event) => void take(event.currentTarget.files?.[0])} />
        </label>
      </p>
      <p>
        <a href={`${root.value}labs/compose/`}>Or put one together</a>
      </p>
      <p class="mute">
        It never leaves this page. The model sees {known.value.side} x {known.value.side} pixels of it, and takes all
        that it does not know for something that it knows. A link that you share carries these pixels.
      </p>
      {complaint && <p role="alert">{complaint}</p>}
      {!link.value && <p class="mute">The model will be loaded first.</p>}
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function choose(ref: string): void {
  asked.value = { ...asked.value, pictures: [ref] };
}

function takeFromAnywhere(take: (file: File | undefined) => void): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  addEventListener("paste", (event) => take(event.clipboardData?.files[0]), { signal });
  addEventListener("dragover", (event) => event.preventDefault(), { signal });
  addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      take(event.dataTransfer?.files[0]);
    },
    { signal },
  );
  return () => abort.abort();
}
