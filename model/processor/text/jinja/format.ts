import { repr, str } from "./write.ts";
import { TemplateError } from "./templateError.ts";
import { type Named, numberOf, Tuple, typeName, type Value } from "./values.ts";

/** Python's `"{} {name}".format(…)`, of plain fields. */
export function formatBraces(text: string, args: readonly Value[], named: Named): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (whole, field: string | undefined) => {
    if (whole === "{{" || whole === "}}") return whole[0];
    if (field === undefined) throw new TemplateError("str.format: a single brace");
    if (!/^\w*$/.test(field)) throw new TemplateError(`str.format: the field {${field}} is not supported`);
    const value = field === "" ? args[next++] : /^\d+$/.test(field) ? args[Number(field)] : named.get(field);
    if (value === undefined) throw new TemplateError(`str.format: nothing was given for {${field}}`);
    return str(value);
  });
}

/** Python's `"%s and %d" % (…)`, of %s, %d, %i, %r and %%. */
export function formatPercent(text: string, given: Value): string {
  const values = given instanceof Tuple ? [...given.items] : [given];
  const many = given instanceof Map || Array.isArray(given);
  let used = 0;
  const written = text.replace(/%(?:\((\w+)\))?(.?)/gs, (whole, name: string | undefined, kind: string) => {
    if (whole === "%%") return "%";
    if (!["s", "d", "i", "r"].includes(kind)) throw new TemplateError(`the format ${whole} is not supported`);
    const value = name === undefined ? values[used++] : given instanceof Map ? given.get(name) : undefined;
    if (value === undefined) throw new TemplateError(`nothing was given for the format ${whole}`);
    if (kind === "s") return str(value);
    if (kind === "r") return repr(value);
    const number = numberOf(value);
    if (number === undefined) throw new TemplateError(`${whole}: expected a number, got ${typeName(value)}`);
    return String(Math.trunc(number));
  });
  if (used < values.length && !(many && used === 0)) throw new TemplateError("more was given than the format takes");
  return written;
}
