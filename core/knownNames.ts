import { InfimmError } from "./errors.ts";

/**
 * Refuses options that nobody reads: `given` may have no other names than `known`. What was likely meant is said.
 *
 * @param what begins the message: "generate"
 * @param elsewhere names that are known to mean something else here, and what to write instead
 */
export function requireKnown(
  what: string,
  given: object | undefined,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const shown = Array.isArray(given) ? "a list" : typeof given === "function" ? "a function" : JSON.stringify(given);
    throw new InfimmError(`${what}: options are named, as in { ${known[0]}: … }; expected an object, got ${shown}`);
  }
  for (const name in given) {
    if (known.includes(name) || (given as Readonly<Record<string, unknown>>)[name] === undefined) continue;
    const meant = Object.hasOwn(elsewhere, name) ? elsewhere[name] : nearest(name, known);
    const others = known.length <= MOST_LISTED ? `; there are ${known.join(", ")}` : "";
    throw new InfimmError(`${what}: there is no option ${name}${meant ? `; did you mean ${meant}?` : others}`);
  }
}

const MOST_LISTED = 8;

/** The options themselves, if `requireKnown` takes them: `const { eps = 1e-5 } = checked("layerNorm", options, ["eps"])`. */
export function checked<T extends object | undefined>(what: string, options: T, known: readonly string[]): T {
  requireKnown(what, options, known);
  return options;
}

/** The known name that is most like `name`, as max_new_tokens is like maxNewTokens; undefined if none is. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, "");
  const scored = known.map((candidate) => ({ candidate, distance: editDistance(plain(name), plain(candidate)) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, plain(name).length / 3) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
