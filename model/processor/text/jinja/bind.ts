import { TemplateError } from "./templateError.ts";
import type { Named, Value } from "./values.ts";

/**
 * What a function was given, by its parameters' names.
 * @throws for a name that it does not have, and for more than it takes
 */
export function bind<Name extends string>(
  what: string,
  parameters: readonly Name[],
  args: readonly Value[],
  named: Named,
): Partial<Record<Name, Value>> {
  if (args.length > parameters.length) {
    throw new TemplateError(`${what} takes at most ${parameters.length} arguments, got ${args.length}`);
  }
  const bound: Partial<Record<Name, Value>> = {};
  for (const [i, value] of args.entries()) bound[parameters[i]] = value;
  for (const [name, value] of named) {
    const parameter = parameters.find((known) => known === name);
    if (parameter === undefined) throw new TemplateError(`${what} has no argument ${name}`);
    if (Object.hasOwn(bound, parameter)) throw new TemplateError(`${what} got ${name} twice`);
    bound[parameter] = value;
  }
  return bound;
}

/** The argument, which the function cannot do without. */
export function required(what: string, name: string, value: Value | undefined): Value {
  if (value === undefined) throw new TemplateError(`${what} needs ${name}`);
  return value;
}

export function textArgument(what: string, value: Value | undefined): string {
  if (typeof value === "string") return value;
  throw new TemplateError(`${what}: expected a text`);
}

export function wholeArgument(what: string, value: Value | undefined): number {
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw new TemplateError(`${what}: expected a whole number`);
}
