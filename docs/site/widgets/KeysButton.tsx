import { useRef } from "preact/hooks";
import { KEYS, switchKeys } from "../client/keyboard.ts";

/** What the keys do. */
export function KeysButton() {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" id="keys" aria-label="Keys" title="Keys" onClick={() => dialog.current?.showModal()}>
        ?
      </button>
      <dialog ref={dialog} class="sheet" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        <dl class="keys">
          {KEYS.map(({ key, does }) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <p>
          <label>
            <input type="checkbox" defaultChecked onChange={(event) => switchKeys(event.currentTarget.checked)} /> keys
            of one letter
          </label>
        </p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}
