import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

interface EditorOptions {
  readonly code: string;
  readonly name: string;
  readonly onChange: (code: string) => void;
}

/** The colours of the page's code. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operator], color: "light-dark(#a0111f, #ff9492)" },
  { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#032563, #addcff)" },
  { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#023b95, #91cbff)" },
  { tag: tags.comment, color: "light-dark(#66707b, #bdc4cc)" },
  { tag: [tags.typeName, tags.className], color: "light-dark(#702c00, #ffb757)" },
  { tag: tags.function(tags.variableName), color: "light-dark(#622cbc, #dbb7ff)" },
]);

/** An editor of TypeScript in a place of the page. Tab leaves it, as it leaves every field. */
export function openEditor(parent: HTMLElement, { code, name, onChange }: EditorOptions): EditorView {
  return new EditorView({
    parent,
    doc: code,
    extensions: [
      lineNumbers(),
      history(),
      bracketMatching(),
      indentOnInput(),
      indentUnit.of("  "),
      javascript({ typescript: true }),
      syntaxHighlighting(COLOURS),
      keymap.of([...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({ "aria-label": name }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString());
      }),
    ],
  });
}
