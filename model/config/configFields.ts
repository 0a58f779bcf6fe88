import { InfimmError } from "../../core/errors.ts";

/** A config that cannot be used. The message names the file and the key. */
export class ConfigError extends InfimmError {
  override name = "ConfigError";
}

type Kind = "a whole number above 0" | "a whole number, 0 or more" | "a number above 0" | "true or false" | "a string";

const IS: Record<Kind, (value: unknown) => boolean> = {
  "a whole number above 0": (value) => Number.isSafeInteger(value) && (value as number) > 0,
  "a whole number, 0 or more": (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  "a number above 0": (value) => Number.isFinite(value) && (value as number) > 0,
  "true or false": (value) => typeof value === "boolean",
  "a string": (value) => typeof value === "string",
};

/** Of anything in a model: far beyond the largest, and small enough for sizes to stay exact. */
export const MAX_SIZE = 2 ** 24;
const MAX_LAYERS = 1000;

/**
 * Reads the fields of one JSON object with their types checked. A field that is absent takes its default;
 * without a default it is an error. Every error is a ConfigError that names file, key, and what was expected and got.
 */
export class ConfigFields {
  readonly file: string;
  readonly path: string;
  readonly json: Readonly<Record<string, unknown>>;

  constructor(json: unknown, file: string, path = "") {
    this.file = file;
    this.path = path;
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new ConfigError(
        `${file}: ${path === "" ? "" : `${path.slice(0, -1)}: `}expected a JSON object, got ${show(json)}`,
      );
    }
    this.json = json as Record<string, unknown>;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.json, key);
  }

  /** Whether the key has a value. transformers takes `null` for absent in most places. */
  given(key: string): boolean {
    return this.has(key) && this.json[key] !== null;
  }

  /** How many, or how large. A config of a few bytes must not ask for a model that no memory holds. */
  count(key: string, fallback?: number, most = MAX_SIZE): number {
    const value = this.read(key, "a whole number above 0", fallback) as number;
    if (value > most) this.refuse(key, `is ${value}; at most ${most} is possible`);
    return value;
  }

  /** How many layers: each is made, even without its weights. */
  layers(key: string, fallback?: number): number {
    return this.count(key, fallback, MAX_LAYERS);
  }

  id(key: string, fallback?: number): number {
    return this.read(key, "a whole number, 0 or more", fallback) as number;
  }

  positive(key: string, fallback?: number): number {
    return this.read(key, "a number above 0", fallback) as number;
  }

  flag(key: string, fallback?: boolean): boolean {
    return this.read(key, "true or false", fallback) as boolean;
  }

  text(key: string, fallback?: string): string {
    return this.read(key, "a string", fallback) as string;
  }

  /** A list of ids. */
  ids(key: string): readonly number[] {
    return this.list(key).map((value) => this.check(key, value, "a whole number, 0 or more") as number);
  }

  /** A list of the given words. */
  texts<T extends string>(key: string, allowed: readonly T[]): readonly T[] {
    return this.list(key).map((value) => {
      const known = allowed.find((one) => one === value);
      return known ?? this.refuse(key, `has ${show(value)}; implemented are ${allowed.join(", ")}`);
    });
  }

  /** The object under `key`; an empty one if it is absent, so that all its fields take their defaults. */
  object(key: string): ConfigFields {
    return new ConfigFields(this.has(key) ? this.json[key] : {}, this.file, `${this.path}${key}.`);
  }

  /** Refuses a field that would change the computation in a way that no released model uses. */
  only(key: string, allowed: readonly unknown[]): void {
    if (this.has(key) && !allowed.includes(this.json[key])) {
      this.refuse(
        key,
        `is ${show(this.json[key])}; only ${allowed.map(show).join(" or ")} is implemented: no released InfiMM uses another value`,
      );
    }
  }

  refuse(key: string, why: string): never {
    throw new ConfigError(`${this.file}: ${this.path}${key} ${why}`);
  }

  private list(key: string): readonly unknown[] {
    const value = this.json[key];
    return Array.isArray(value) ? value : this.refuse(key, `must be a list, got ${show(value)}`);
  }

  private read(key: string, kind: Kind, fallback: unknown): unknown {
    const value = this.has(key) ? this.json[key] : fallback;
    if (value === undefined) this.refuse(key, `is missing; expected ${kind}`);
    return this.check(key, value, kind);
  }

  private check(key: string, value: unknown, kind: Kind): unknown {
    return IS[kind](value) ? value : this.refuse(key, `must be ${kind}, got ${show(value)}`);
  }
}

function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
