import { InfimmError } from "../core/errors.ts";
import { globToRegExp } from "./glob.ts";
import { Module } from "./module.ts";
import { requireModule } from "./requireModule.ts";

/** Where a module stands: in which field of which other module. The model itself stands nowhere. */
export interface Place {
  readonly path: string;
  readonly module: Module;
  readonly owner: Module | null;
  readonly name: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a class is chosen by what it makes, not by how it is made
type ClassOf<M extends Module> = abstract new (...args: any[]) => M;

/**
 * Some of a model's modules, to be looked at or replaced (after penzai's selectors and equinox's tree_at):
 *
 *     select(model).instances(MaskedCrossAttention).replace((old) => new Windowed(old));
 *     select(model).at("**.gated_cross_attn_layer.ff").modules();
 */
export function select(model: Module): Selection<Module> {
  requireModule("select", model);
  return new Selection(model, placesIn(model, "", null, ""));
}

/** Modules of a model, to be looked at, replaced or removed together; `select(model)` makes one. */
export class Selection<M extends Module> {
  private readonly model: Module;
  private readonly places: readonly Place[];

  constructor(model: Module, places: readonly Place[]) {
    this.model = model;
    this.places = places;
  }

  /** Those of a class, subclasses included. @throws if there are none */
  instances<N extends Module>(type: ClassOf<N>): Selection<N> {
    const left = this.places.filter((place) => place.module instanceof type);
    const classes = new Set(this.places.map((place) => place.module.constructor.name));
    if (left.length === 0) throw new InfimmError(`select: no ${type.name} here; there are: ${[...classes].join(", ")}`);
    return new Selection<N>(this.model, left);
  }

  /** Those whose path matches a pattern (glob.ts). @throws if there are none */
  at(pattern: string): Selection<M> {
    const matcher = globToRegExp(pattern);
    const left = this.places.filter((place) => matcher.test(place.path));
    if (left.length === 0) throw new InfimmError(`select: nothing at "${pattern}"; ${this.hint(pattern)}`);
    return new Selection<M>(this.model, left);
  }

  /** All paths. A module that stands in two places has two. */
  paths(): string[] {
    return this.places.map((place) => place.path);
  }

  /** The modules, each once. */
  modules(): M[] {
    return [...new Set(this.places.map((place) => place.module as M))];
  }

  /**
   * Put `make(old)` in the place of each module. The innermost go first, so that a module may wrap what it replaces.
   * What stands in two places is made once and replaced in both. The old modules are not disposed: the new ones may
   * hold them, or you may want them back.
   *
   * @throws if the model itself is selected: it stands in no field
   */
  replace(make: (old: M, path: string) => Module): void {
    const made = new Map<Module, Module>();
    for (const { path, module, owner, name } of [...this.places].reverse()) {
      if (!owner)
        throw new InfimmError("replace: the model itself cannot be replaced here; assign a new one to your variable");
      const fresh = made.get(module) ?? make(module as M, path);
      if (!(fresh instanceof Module)) throw new InfimmError(`replace: expected a Module for ${path}, got ${fresh}`);
      made.set(module, fresh);
      Object.assign(owner, { [name]: fresh });
    }
  }

  private hint(pattern: string): string {
    const last = pattern.split(".").at(-1);
    const similar = this.paths().filter((path) => path.split(".").at(-1) === last);
    const shown = (similar.length > 0 ? similar : this.paths().filter((path) => path !== "")).slice(0, 8);
    return `there are: ${shown.join(", ") || 'only the model itself, ""'}${shown.length === 8 ? ", …" : ""}`;
  }
}

/** All modules with their places: a module before what is inside it. */
function placesIn(module: Module, path: string, owner: Module | null, name: string): Place[] {
  const below = module
    .children()
    .flatMap(([key, child]) => placesIn(child, path === "" ? key : `${path}.${key}`, module, key));
  return [{ path, module, owner, name }, ...below];
}
