import { FileFormatError } from "../../../core/errors.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};
const TOKEN =
  /\s*(?:(\[)|(\])|(,)|r?'((?:[^'\\]|\\[\s\S])*)'|r?"((?:[^"\\]|\\[\s\S])*)"|(-?[\d.]+(?:[eE][-+]?\d+)?|None|True|False))/y;

/** A Python list of texts as it prints: "['a', \"it's\", 'x\\n']". Numbers are taken as texts. */
export function pythonList(text: string, where: string): string[] {
  const refuse = (at: number): never => {
    throw new FileFormatError(
      `${where}: expected a Python list of texts, got ${JSON.stringify(text.slice(0, 60))} (at ${at})`,
    );
  };
  const items: string[] = [];
  let depth = 0;
  let at = 0;
  for (const end = text.trimEnd().length; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const [, open, close, comma, single, double, bare] = TOKEN.exec(text) ?? refuse(at);
    if (open) depth++;
    else if (close) depth--;
    else if (!comma) items.push(bare ?? unescaped(single ?? double));
    if (depth > 1 || depth < 0) refuse(at);
  }
  if (depth !== 0 || !text.trim().startsWith("[")) refuse(at);
  return items;
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
    (whole, x, u, long, one) => {
      const code = x ?? u ?? long;
      return code !== undefined ? String.fromCodePoint(Number.parseInt(code, 16)) : (ESCAPES[one] ?? whole);
    },
  );
}
