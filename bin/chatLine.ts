/** A word in quotes, or one in which a backslash keeps a space: as a terminal writes the path of a dropped file. */
const WORD = /"([^"]*)"|'([^']*)'|((?:\\.|[^\s\\])+)/g;
const PICTURE = /\.(png|jpe?g|webp)$/i;

/** What somebody typed: the pictures it names, paths and addresses, and the text without them. */
export function parseChatLine(line: string): { pictures: string[]; text: string } {
  const pictures: string[] = [];
  const text = line.replace(WORD, (word, double?: string, single?: string, bare?: string) => {
    const path = double ?? single ?? bare!.replace(/\\(.)/g, "$1");
    const isPicture = PICTURE.test(isAddress(path) ? new URL(path).pathname : path);
    if (!isPicture) return word;
    pictures.push(path);
    return "";
  });
  return { pictures, text: text.replace(/\s+/g, " ").trim() };
}

export function isAddress(path: string): boolean {
  return /^https?:\/\//.test(path) && URL.canParse(path);
}
