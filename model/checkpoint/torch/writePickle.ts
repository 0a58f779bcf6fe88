const OP = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  tuple: 0x74,
  setItems: 0x75,
  reduce: 0x52,
  global: 0x63,
  text: 0x58,
  int: 0x4a,
  long: 0x8a,
  persistent: 0x51,
  no: 0x89,
} as const;

/** As Python's own pickler: a reader keeps one batch on its stack. */
const BATCH = 1000;

/** Writes a pickle of protocol 2, as far as a state dict needs it. Every value is written where it stands: no memo. */
export class PickleWriter {
  readonly #bytes: number[] = [OP.proto, 2];

  /** What `module.name(...args)` returns. `args` writes the arguments. */
  call(module: string, name: string, args: () => void): void {
    this.global(module, name);
    this.tuple(args);
    this.#bytes.push(OP.reduce);
  }

  global(module: string, name: string): void {
    this.#bytes.push(OP.global, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  tuple(items: () => void): void {
    this.#bytes.push(OP.mark);
    items();
    this.#bytes.push(OP.tuple);
  }

  /** Entries of the dictionary that was written last. `entry` writes a key and a value. */
  items<T>(list: readonly T[], entry: (item: T) => void): void {
    for (let i = 0; i < list.length; i += BATCH) {
      this.#bytes.push(OP.mark);
      list.slice(i, i + BATCH).forEach(entry);
      this.#bytes.push(OP.setItems);
    }
  }

  persistent(id: () => void): void {
    this.tuple(id);
    this.#bytes.push(OP.persistent);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.#bytes.push(OP.text, ...littleEndian(bytes.length, 4));
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** A whole number, 0 or more. */
  whole(value: number): void {
    if (value < 2 ** 31) this.#bytes.push(OP.int, ...littleEndian(value, 4));
    else this.#bytes.push(OP.long, 6, ...littleEndian(value, 6)); // up to 2^47, as LONG1 is signed
  }

  wholes(values: readonly number[]): void {
    for (const value of values) this.whole(value);
  }

  no(): void {
    this.#bytes.push(OP.no);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes.concat(OP.stop));
  }
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}
