import { useState } from "preact/hooks";

/** What a path may be copied as. */
const FORMS: Readonly<Record<string, (path: string) => string>> = {
  "the path": (path) => path,
  "trace()": (path) => `const { acts } = trace(model, inputs, { keep: [${JSON.stringify(path)}] });`,
  "the command": (path) => `npx infimm trace picture.png "What is this?" --keep "${path}"`,
  "a PyTorch hook": (path) => {
    const [module] = path.split(":");
    return `model.get_submodule("${module}").register_forward_hook(lambda module, inputs, output: print(output))`;
  },
  "patch()": (path) => `patch(model, { ${JSON.stringify(path)}: (y) => y.zerosLike() }, () => model.call(inputs));`,
};

/** A module or tap by its path, which is its name everywhere: click, and it is copied in the form that is wanted. */
export function PathChip({ path }: { path: string }) {
  const [said, say] = useState("");
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say("copied");
    } catch {
      say(text); // a page without https has no clipboard
    }
  };
  return (
    <details class="chip">
      <summary>
        <code data-path={path}>{short(path)}</code>
      </summary>
      <span class="forms">
        <code>{path}</code>
        {Object.entries(FORMS).map(([name, form]) => (
          <button key={name} type="button" onClick={() => void copy(form(path))}>
            copy {name}
          </button>
        ))}
        <span role="status">{said}</span>
      </span>
    </details>
  );
}

/** A path without what all paths begin with. */
export function short(path: string): string {
  return path.replace(/^model\.(lang_encoder\.model\.)?/, "").replace("gated_cross_attn_layer", "cross-attention");
}
