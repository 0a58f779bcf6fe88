import { InfimmError } from "../../../../core/errors.ts";

/** What is wrong with a chat template, or what it refuses. Messages begin with "chat template". */
export class TemplateError extends InfimmError {
  override name = "TemplateError";
  /** Where in the template, once known; the innermost statement counts. null: it does not matter. */
  readonly line: number | null | undefined;
  readonly #what: string;

  constructor(what: string, line?: number | null) {
    super(`chat template: ${what}${line ? ` (line ${line})` : ""}`);
    this.#what = what;
    this.line = line;
  }

  /** The same error, with the line if it has none yet. */
  at(line: number): TemplateError {
    return this.line === undefined ? new TemplateError(this.#what, line) : this;
  }
}
