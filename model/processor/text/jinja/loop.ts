import { TemplateError } from "./templateError.ts";
import { Callable, equals, Tuple, Undefined, type Value } from "./values.ts";

/** The `loop` of a `{% for %}`, at one of its items. */
export class Loop {
  readonly #items: readonly Value[];
  readonly #depth: number;
  /** Goes over another list with the same body, where the loop is recursive. */
  readonly recurse: ((list: Value) => string) | undefined;
  at = 0;
  #last: Value | undefined;

  constructor(items: readonly Value[], depth: number, recurse?: (list: Value) => string) {
    this.#items = items;
    this.#depth = depth;
    this.recurse = recurse;
  }

  attribute(name: string): Value | undefined {
    const { length } = this.#items;
    const at = this.at;
    switch (name) {
      case "index":
        return at + 1;
      case "index0":
        return at;
      case "revindex":
        return length - at;
      case "revindex0":
        return length - at - 1;
      case "first":
        return at === 0;
      case "last":
        return at === length - 1;
      case "length":
        return length;
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return at > 0 ? this.#items[at - 1] : new Undefined("there is no previous item");
      case "nextitem":
        return at < length - 1 ? this.#items[at + 1] : new Undefined("there is no next item");
      case "cycle":
        return new Callable(name, (args) => this.#cycle(args));
      case "changed":
        return new Callable(name, (args) => this.#changed(args));
      default:
        return undefined;
    }
  }

  #cycle(args: readonly Value[]): Value {
    if (args.length === 0) throw new TemplateError("loop.cycle needs values");
    return args[this.at % args.length];
  }

  #changed(args: readonly Value[]): boolean {
    const now = new Tuple(args);
    const changed = this.#last === undefined || !equals(this.#last, now);
    this.#last = now;
    return changed;
  }
}
