/** What one token is, for Stanford's PTBTokenizer 3.4.1: of all rules that match, the longest match counts. */
export interface PtbRule {
  readonly pattern: RegExp;
  /** How it is written, if not as it stands. */
  readonly write?: (token: string) => readonly string[];
}

const LETTER = "[\\p{L}\\p{M}]";
const ALNUM = "[\\p{L}\\p{M}\\p{Nd}]";
/** A word that may begin with an elided article: o'clock, l'eau, d'Or. */
const PIECE = `(?:[dDoOlL]'(?=[\\p{L}\\p{Nd}])(?!(?:[msdMSD]|re|ve|ll)(?!${ALNUM})))?${ALNUM}+`;
const NUM = "(?:\\p{Nd}*(?:[.,:]\\p{Nd}+)+|\\p{Nd}+)";
const ACRONYM = `${LETTER}(?:\\.${LETTER})+`;

/** Keep their full stop in any case … */
const TITLES =
  "Mr|Mrs|Ms|Drs?|Profs?|Sens?|Reps?|Attys?|Lt|Col|Gen|Messrs|Govs?|Adm|Rev|Maj|Sgt|Cpl|Pvt|Capt|Ste?|Ave|Pres|" +
  "Lieut|Hon|Brig|Co?mdr|Pfc|Spc|Supts?|Det|M|Mt|Ft|Jr|Sr|Bros|(?:Ed|Ph)\\.D|Blvd|Rd|Esq|Inc|Cos?|Corp|Pp?t[ye]s?|Ltd|" +
  "Plc|Bancorp|Dept|Bhd|Assn|Univ|Intl|Sys|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu(?:rs)?|Fri|" +
  "Calif|Conn|Fla|Mich|Va|Ariz|Tenn|Mo|Md|Wis|Minn|Ind|Okla|Kan|Ga|Colo|Ky|Ala|Nev|Neb|Vt|Wyo|etc|al|seq|Bldg|vs|Alex|" +
  "Wm|Jos|Cie|cf|TREAS";
/** … and those that are words too only with a capital. */
const CAPITAL = "Mass|Miss|Ill|Pa|Wash|Ore|Del|La|Ark|Tex";

/** Words that hold an apostrophe and stay whole. */
const APOSTROPHES =
  "'n'?|[lLdDjJ]'|[dD]unkin'|[sS]omethin'|[oO]l'|'[eE][mM]|[cC]'[mM]on|'\\p{Nd}0s|'\\p{Nd}\\p{Nd}(?!\\p{Nd})|" +
  "'[tT][iI][lL][lL]?|[oO]'o|[hH]allowe'en|[nN]e'er|[eE]'er|'[cC]ause|[mM]a'am|[yY]'(?=[aA][lL][lL])|[gG]ov't|[iI]nt'l|" +
  "[bB]'[dD]ay|[aA]h'|[pP]'s|[cC]ap'n";

/** After a letter with a full stop these begin a sentence. */
const STARTERS =
  "About|According|Additionally|After|An|As|At|But|Earlier|He|Her|Here|However|If|In|It|Last|Many|More|Mr\\\\.|Ms\\\\.|" +
  "Now|Once|One|Other|Our|She|Since|So|Some|Such|That|The|Their|Then|There|These|They|This|We|When|While|What|Yet|You|A";

const HOST_CHARACTER = "[^\\s\"`'<>|.!?(){},\\-_$@#/]";

const rule = (source: string, write?: PtbRule["write"], flags = ""): PtbRule => ({
  pattern: new RegExp(source, `uy${flags}`),
  write,
});
const always = (token: string) => () => [token];
const unbroken = (token: string) => [token.replaceAll(" ", "\u00a0")];

export const PTB_RULES: readonly PtbRule[] = [
  // whole: tags, addresses, names, tags of networks
  rule(
    "<\\/?[A-Za-z][\\w:.-]*(?:\\s+[A-Za-z][\\w:.-]*(?:\\s*=\\s*(?:\"[^\"]*\"|'[^']*'|[\\w.-]+))?)*\\s*\\/?>",
    unbroken,
  ),
  rule('(?:https?|ftp):\\/\\/[^\\s<>"|()]+[^\\s<>"|.!?(){},;:\'-]'),
  rule(
    `(?:www\\.(?:[^\\s"<>|.!?(){},]+\\.)+[a-zA-Z]{2,4}|(?:${HOST_CHARACTER}+\\.)+(?:com|net|org|edu))` +
      '(?:\\/[^\\s"<>|()]+[^\\s"<>|.!?(){},-])?(?![\\p{L}\\p{Nd}])',
    undefined,
    "i",
  ),
  rule('[a-zA-Z0-9][^\\s"<>|()\u00a0{}@]*@(?:[^\\s"<>|(){}.\u00a0@]+\\.)*[^\\s"<>|(){}\\[\\].,;:\u00a0@]+'),
  rule("@[a-zA-Z_][a-zA-Z_0-9]*"),
  rule(`#${LETTER}[\\p{L}\\p{M}\\p{Nd}_]*${ALNUM}`),

  // numbers
  rule("\\p{Nd}{1,2}[-/]\\p{Nd}{1,2}[-/]\\p{Nd}{2,4}"),
  rule(
    "(?:\\(\\p{Nd}{2,3}\\)[ \u00a0]?|(?:\\+\\+?)?(?:\\p{Nd}{2,4}[- \u00a0])?\\p{Nd}{2,4}[- \u00a0])" +
      "\\p{Nd}{3,4}[- \u00a0]?\\p{Nd}{3,5}",
    (token) => unbroken(token.replace("(", "-LRB-").replace(")", "-RRB-")),
  ),
  rule("(?:(?:\\+\\+?)?\\p{Nd}{2,4}\\.)?\\p{Nd}{2,4}\\.\\p{Nd}{3,4}\\.\\p{Nd}{3,5}"),
  rule("(?:\\p{Nd}{1,4}[- \u00a0])?\\p{Nd}{1,4}\\/\\p{Nd}{1,4}", unbroken),
  rule("[¼½¾⅓⅔⅛⅜⅝⅞]", (token) => [FRACTIONS[token]]),
  rule(`[-+]?${NUM}`),
  rule("[A-Z]*\\$|#", undefined),
  rule("£", always("#")),
  rule("[€¤]", always("$")),
  rule("¢", always("cents")),

  // words
  rule(`${LETTER}[\\p{L}\\p{M}\\p{Nd}]*(?:[.!?]${LETTER}${ALNUM}*)*`),
  rule(`(?:${PIECE}|${NUM})(?:[-_](?:${PIECE}|${NUM}))*`),
  rule(`[A-Za-z0-9][A-Za-z0-9.,]*(?:-(?:[A-Za-z0-9]+|${ACRONYM}\\.))+`),
  rule("[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}"),
  rule("[A-Z]+(?:[+&][A-Z]+)+"),
  rule(`${ACRONYM}\\.`),
  rule(`${LETTER}\\.(?!\\s+(?:${STARTERS})(?![A-Za-z]))`), // an initial, unless a sentence seems to begin
  rule(`(?:${ACRONYM})\\.(?:-[A-Za-z0-9]+)+`),
  rule(`(?:${TITLES})\\.`, undefined, "i"),
  rule(`(?:${CAPITAL})\\.`),
  rule("no\\.(?=\\s?\\p{Nd})", undefined, "i"),
  rule(`(?:${APOSTROPHES})`),
  rule("w\\/(?:o(?![\\p{L}\\p{Nd}]))", undefined, "i"),
  rule("_+"),

  // marks
  rule("\\.\\.\\.+|\\.(?: \\.){2,}|…", always("...")),
  rule("[!?]+"),
  rule("---*|[—–]|\u0096|\u0097", always("--")),
  rule("[<>]?[:;=][-'o*]?[()DPpd@|\\\\{}]|\\^_\\^", (token) => [bracketed(token)]),
  rule("\\*\\*+|~~+|>>|<<|##+|@@+"),
  rule("``|''|[\"“”«»]", always('"')),
  rule("[‹›]", always("'")),
  rule("[‐‑]", always("-")),
  rule("[()[\\]{}]", (token) => [BRACKETS[token]]),
];

const FRACTIONS: Readonly<Record<string, string>> = {
  "¼": "1/4",
  "½": "1/2",
  "¾": "3/4",
  "⅓": "1/3",
  "⅔": "2/3",
  "⅛": "1/8",
  "⅜": "3/8",
  "⅝": "5/8",
  "⅞": "7/8",
};

const BRACKETS: Readonly<Record<string, string>> = {
  "(": "-LRB-",
  ")": "-RRB-",
  "[": "-LSB-",
  "]": "-RSB-",
  "{": "-LCB-",
  "}": "-RCB-",
};

function bracketed(token: string): string {
  return token.replace(/[()[\]{}]/g, (bracket) => BRACKETS[bracket]);
}
