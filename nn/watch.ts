import { InfimmError } from "../core/errors.ts";
import { globToRegExp } from "./glob.ts";
import type { Module } from "./module.ts";
import { isRunning } from "./observe.ts";
import { requireModule } from "./requireModule.ts";

interface Rule<T> {
  readonly pattern: string;
  readonly value: T;
  readonly matcher: RegExp;
  /** Matches the paths of the modules that it is about, whether or not they have such a tap. */
  readonly modules: RegExp;
  used: boolean;
}

/**
 * The patterns (glob.ts) of a trace or a patch, and what of a module matches them as it runs. A key is a module's path,
 * for its output, or `path:tap`.
 */
export class Watch<T> {
  private readonly who: string;
  private readonly root: Module;
  private readonly rules: readonly Rule<T>[];
  private readonly matching = new Map<string, readonly Rule<T>[]>();
  private readonly ran = new Set<Module>();
  private readonly taps = new Set<string>();
  private paths: Map<Module, string | undefined>;

  /** @param who the function that a user called, for messages */
  constructor(who: string, root: Module, patterns: readonly (readonly [pattern: string, value: T])[]) {
    requireModule(who, root);
    this.who = who;
    this.root = root;
    this.paths = pathsOf(root);
    this.rules = patterns.map(([pattern, value]) => ({
      pattern,
      value,
      matcher: globToRegExp(pattern),
      modules: globToRegExp(pattern.split(":")[0]),
      used: false,
    }));
  }

  /** Whether some pattern can match a tap. */
  get namesTaps(): boolean {
    return this.rules.some(({ pattern }) => pattern.includes(":"));
  }

  /** Whether the model itself has run to its end. */
  get finished(): boolean {
    return this.ran.has(this.root);
  }

  /** What is wanted of a module's output. Nothing of a module that is not part of the model. */
  output(from: Module): { key: string; values: readonly T[] } {
    const path = this.pathOf(from);
    if (path === undefined) return { key: "", values: [] };
    this.ran.add(from);
    return { key: path, values: this.use(path) };
  }

  /** What is wanted of a tap. */
  tap(from: Module, name: string): { key: string; values: readonly T[] } {
    const path = this.pathOf(from);
    if (path === undefined) return { key: "", values: [] };
    const key = `${path}:${name}`;
    this.taps.add(key);
    return { key, values: this.use(key) };
  }

  /** Whether anything is wanted of a tap. */
  wants(from: Module, name: string): boolean {
    const path = this.pathOf(from);
    return path !== undefined && this.rulesFor(`${path}:${name}`).length > 0;
  }

  /** @throws for a pattern that is about no module of the model: a typing error should not look like an empty result */
  refuseUnknown(): void {
    this.refuse(this.rules.filter((rule) => !this.knows(rule)));
  }

  /** @throws for a pattern that matched nothing of what ran */
  refuseIdle(): void {
    this.refuse(this.rules.filter((rule) => !rule.used));
  }

  /**
   * The end of a block. An error that ends the block before anything ran is not covered by one of ours.
   * @throws as `refuseIdle`, if the model ran
   */
  close(): void {
    if (this.finished) this.refuseIdle();
    else if (this.ran.size === 0) {
      console.warn(`${this.who}: nothing of this ${this.root.constructor.name} ran before the end of the block; await inside of it what is to run`); // biome-ignore format: one message
    }
  }

  private use(key: string): readonly T[] {
    return this.rulesFor(key).map((rule) => {
      rule.used = true;
      return rule.value;
    });
  }

  private rulesFor(key: string): readonly Rule<T>[] {
    const known = this.matching.get(key) ?? this.rules.filter((rule) => rule.matcher.test(key));
    this.matching.set(key, known);
    return known;
  }

  /** A module that was put in after the watch began is found when it runs inside the model. */
  private pathOf(from: Module): string | undefined {
    if (!this.paths.has(from) && isRunning(this.root)) {
      const others = [...this.paths.keys()].map((module): [Module, undefined] => [module, undefined]);
      this.paths = new Map([...others, [from, undefined], ...pathsOf(this.root)]);
    }
    return this.paths.get(from);
  }

  private knows({ modules }: Rule<T>): boolean {
    return [...this.paths.values()].some((path) => path !== undefined && modules.test(path));
  }

  private refuse(idle: readonly Rule<T>[]): void {
    if (idle.length === 0) return;
    const type = this.root.constructor.name;
    const list = (rules: readonly Rule<T>[]) => rules.map(({ pattern }) => `"${pattern}"`).join(", ");
    const unknown = idle.filter((rule) => !this.knows(rule));
    if (unknown.length > 0) {
      const known = [...pathsOf(this.root).values()].filter((path) => path !== "");
      const names = firstOf(known) ?? 'only ""';
      throw new InfimmError(
        `${this.who}: nothing that ran matches ${list(unknown)}; paths: ${names}; taps: "path:name"`,
      );
    }
    if (this.ran.size === 0) {
      throw new InfimmError(`${this.who}: nothing of this ${type} ran, so nothing matched ${list(idle)}`);
    }
    const ran = [...this.ran].map((module) => this.paths.get(module) ?? "");
    const asleep = idle.filter(({ modules }) => !ran.some((path) => modules.test(path)));
    const why =
      asleep.length > 0
        ? `${list(asleep)} did not run, though this ${type} has it`
        : `nothing that ran matches ${list(idle)}; taps: ${firstOf([...this.taps]) ?? "none"}`;
    throw new InfimmError(`${this.who}: ${why}`);
  }
}

/** Modules and their paths. A module that stands in several places goes by the first, as in PyTorch. */
function pathsOf(module: Module): Map<Module, string> {
  const paths = new Map<Module, string>();
  for (const [path, found] of module.modules()) if (!paths.has(found)) paths.set(found, path);
  return paths;
}

function firstOf(names: readonly string[]): string | undefined {
  return names.length > 0 ? `${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}` : undefined;
}
