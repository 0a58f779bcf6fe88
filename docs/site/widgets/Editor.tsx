import { useEffect, useRef, useState } from "preact/hooks";
import type { EditorView } from "@codemirror/view";
import { Scrolling } from "./Scrolling.tsx";

interface EditorProps {
  readonly code: string;
  readonly name: string;
  readonly onChange: (code: string) => void;
}

/** Code that stands there to be read, and becomes an editor once it is to be changed. */
export function Editor({ code, name, onChange }: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const [isOpen, setOpen] = useState(false);
  const edit = async () => {
    const { openEditor } = await import("../client/editor.ts");
    setOpen(true);
    view.current ??= openEditor(place.current!, { code, name, onChange });
    view.current.focus();
  };
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== code)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: code } });
  }, [code]);
  useEffect(() => () => view.current?.destroy(), []);
  return (
    <div class="editor">
      <div ref={place} class="code" />
      {!isOpen && (
        <>
          <Scrolling name={name} class="listing">
            <pre>
              <code>{code}</code>
            </pre>
          </Scrolling>
          <p class="needs-script choices">
            <button type="button" onClick={() => void edit()}>
              Edit
            </button>
          </p>
        </>
      )}
    </div>
  );
}
