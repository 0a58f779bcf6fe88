import { stripEnd } from "./spaces.ts";
import { TemplateError } from "./templateError.ts";

export type TokenType =
  | "data"
  | "blockBegin"
  | "blockEnd"
  | "variableBegin"
  | "variableEnd"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "end";

export interface Token {
  readonly type: TokenType;
  /** Of strings what they stand for, of numbers their digits. */
  readonly value: string;
  readonly line: number;
}

const RAW_BEGIN = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /(?:\+#\}|-#\}\s*|#\}\n?)/g;
const BLOCK_END = /(?:\+%\}|-%\}\s*|%\}\n?)/y;
const VARIABLE_END = /(?:-\}\}\s*|\}\})/y;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{N}\p{M}\p{Pc}]+/uy;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}" };

/**
 * A template as tokens, as Jinja2's lexer cuts it with `trim_blocks` (a tag takes the line break after it along) and
 * `lstrip_blocks` (a tag takes the spaces of its line before it along), which is how transformers sets it.
 */
export function tokenize(template: string): Token[] {
  return new Lexer(template.replace(/\r\n|\r/g, "\n").replace(/\n$/, "")).run();
}

class Lexer {
  readonly #tokens: Token[] = [];
  readonly #source: string;
  #at = 0;
  #line = 1;
  /** Whether the last tag took a line break along. */
  #lineStarts = true;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#at < this.#source.length) this.#text();
    this.#push("end", "");
    return this.#tokens;
  }

  /** The text up to the next tag, and that tag. */
  #text(): void {
    const begin = /\{[%{#]/g;
    begin.lastIndex = this.#at;
    const found = begin.exec(this.#source);
    if (!found) {
      this.#data(this.#source.slice(this.#at));
      this.#at = this.#source.length;
      return;
    }
    const sign = this.#source[found.index + 2];
    const strips = sign === "-" || sign === "+";
    this.#data(this.#before(this.#source.slice(this.#at, found.index), strips ? sign : "", found[0] === "{{"));
    this.#moveTo(found.index);
    if (this.#matched(RAW_BEGIN) !== undefined) {
      this.#raw();
      return;
    }
    this.#moveTo(found.index + (strips ? 3 : 2));
    if (found[0] === "{#") this.#upTo(COMMENT_END, "comment");
    else this.#tag(found[0] === "{{");
  }

  /** What is left of the text before a tag. */
  #before(text: string, sign: string, variable: boolean): string {
    if (sign === "-") return stripEnd(text);
    if (sign === "+" || variable) return text;
    const lineStart = text.lastIndexOf("\n") + 1;
    const alone = lineStart > 0 || this.#lineStarts;
    return alone && /^\s*$/.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
  }

  /** From `{% raw %}` to `{% endraw %}`: text, whatever it holds. */
  #raw(): void {
    const start = this.#at;
    const found = this.#upTo(RAW_END, "raw block");
    this.#data(this.#before(this.#source.slice(start, found.index), found[1], false));
  }

  #upTo(end: RegExp, what: string): RegExpExecArray {
    end.lastIndex = this.#at;
    const found = end.exec(this.#source);
    if (!found) throw new TemplateError(`this ${what} has no end`, this.#line);
    this.#moveTo(found.index + found[0].length);
    this.#lineStarts = found[0].endsWith("\n");
    return found;
  }

  #tag(variable: boolean): void {
    this.#push(variable ? "variableBegin" : "blockBegin", "");
    const line = this.#line;
    const open: string[] = [];
    const end = variable ? VARIABLE_END : BLOCK_END;
    for (;;) {
      const closed = open.length === 0 ? this.#matched(end) : undefined;
      if (closed !== undefined) {
        this.#push(variable ? "variableEnd" : "blockEnd", "");
        this.#lineStarts = closed.endsWith("\n");
        return;
      }
      if (this.#matched(/\s+/y) !== undefined) continue;
      if (this.#at >= this.#source.length) {
        throw new TemplateError(`this ${variable ? "{{" : "{%"} is not closed`, line);
      }
      this.#part(open);
    }
  }

  /** One name, number, string or operator of a tag. */
  #part(open: string[]): void {
    let text: string | undefined;
    if (this.#source[this.#at - 1] !== "." && (text = this.#matched(FLOAT)) !== undefined) {
      this.#push("float", text.replaceAll("_", ""));
    } else if ((text = this.#matched(INTEGER)) !== undefined) this.#push("integer", text.replaceAll("_", ""));
    else if ((text = this.#matched(NAME)) !== undefined) this.#push("name", text);
    else if ((text = this.#matched(STRING)) !== undefined) this.#push("string", this.#unescaped(text.slice(1, -1)));
    else if ((text = this.#matched(OPERATOR)) !== undefined) {
      if (text in CLOSING) open.push(CLOSING[text]);
      else if (Object.values(CLOSING).includes(text) && open.pop() !== text) {
        throw new TemplateError(`${JSON.stringify(text)} closes nothing`, this.#line);
      }
      this.#push("operator", text);
    } else throw new TemplateError(`unexpected character ${JSON.stringify(this.#source[this.#at])}`, this.#line);
  }

  /** Python's escapes in strings. What is none stays as it is written. */
  #unescaped(text: string): string {
    return text.replace(
      /\\(?:\n|([0-7]{1,3})|x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([\s\S]))/gi,
      (whole, octal, ...rest) => {
        const [x, u, long, char] = rest as (string | undefined)[];
        const hex = x ?? u ?? long;
        // the pattern ignores the case of digits; of the letters x and u it must not
        if (hex !== undefined && ((x && whole[1] === "x") || (u && whole[1] === "u") || (long && whole[1] === "U"))) {
          return String.fromCodePoint(Number.parseInt(hex, 16));
        }
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
        if (char === undefined) return "";
        if ("xuUN".includes(char)) throw new TemplateError(`a string with the escape \\${char}, broken`, this.#line);
        return ESCAPES[char] ?? whole;
      },
    );
  }

  #matched(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text !== undefined) this.#moveTo(this.#at + text.length);
    return text;
  }

  #moveTo(at: number): void {
    for (let i = this.#at; i < at; i++) if (this.#source[i] === "\n") this.#line++;
    this.#at = at;
  }

  #data(text: string): void {
    if (text !== "") this.#push("data", text);
  }

  #push(type: TokenType, value: string): void {
    this.#tokens.push({ type, value, line: this.#line });
  }
}

const ESCAPES: Record<string, string> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
