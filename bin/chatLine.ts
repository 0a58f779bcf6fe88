/**
 * A word in quotes, or one in which a backslash keeps a space: as a terminal writes the path of a dropped file. In
 * backquotes it is only spoken of.
 */
const WORD = /`[^`]*`|"([^"]*)"|'([^']*)'|((?:\\.|[^\s\\]|\\$)+)/g;
/** What ends like a picture's name, and has a name before the ending. */
const PICTURE = /[^/\\]\.(png|jpe?g|webp)$/i;
const WINDOWS = /^([a-z]:\\|\\\\)/i;

/** Whether a word is a picture: a path, an http(s) address or a data URL. */
export function isPictureName(word: string): boolean {
  return /^data:image\//i.test(word) || PICTURE.test(isAddress(word) ? new URL(word).pathname : word);
}

/** A path as it was meant: a backslash keeps what a shell would cut at, but on Windows it is between folders. */
function unescaped(path: string): string {
  return WINDOWS.test(path) ? path : path.replace(/\\([^\w.\\])/g, "$1");
}

/** What somebody typed: the pictures it names, paths and addresses, and the text without them. */
export function parseChatLine(line: string): { pictures: string[]; text: string } {
  const pictures: string[] = [];
  const text = line.replace(WORD, (word, double?: string, single?: string, bare?: string) => {
    const path = double ?? single ?? (bare === undefined ? undefined : unescaped(bare));
    if (path === undefined) return word.slice(1, -1);
    if (!isPictureName(path)) return word;
    pictures.push(path);
    return "";
  });
  return { pictures, text: text.replace(/\s+/g, " ").trim() };
}

/** A line of a chat: what `/picture PATH` names is a picture as a whole, any other line is as `parseChatLine` has it. */
export function parseTurn(line: string): { pictures: string[]; text: string } {
  const [, place] = /^\s*\/picture\s+(.*\S)\s*$/i.exec(line) ?? [];
  if (place === undefined) return parseChatLine(line);
  const [, double, single] = /^(?:"(.*)"|'(.*)')$/.exec(place) ?? [];
  return { pictures: [double ?? single ?? unescaped(place)], text: "" };
}

export function isAddress(path: string): boolean {
  return /^https?:\/\//.test(path) && URL.canParse(path);
}
