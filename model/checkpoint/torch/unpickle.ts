import { BufferReader, Parser } from "pickleparser";
import { FileFormatError } from "../../../core/errors.ts";
import { quote } from "../weightFile.ts";
import { resolveGlobal } from "./torchGlobals.ts";
import { loadStorage, type TorchStorage } from "./torchObjects.ts";

/**
 * The object in a pickle that torch.save wrote, without running anything that it names: opcodes and globals are those
 * of state dicts, all others are refused. Dictionaries are Maps, tensors TorchTensors.
 *
 * @throws FileFormatError that names `file`
 */
export function unpickle(bytes: Uint8Array, file: string): unknown {
  return unpickleNext(bytes, file).value;
}

export interface Unpickled {
  readonly value: unknown;
  /** Where the pickle ends: another may begin there. */
  readonly end: number;
  /** The storages that it names, each once. */
  readonly storages: ReadonlyMap<string, TorchStorage>;
}

/** The same, of a pickle that other bytes follow. */
export function unpickleNext(bytes: Uint8Array, file: string): Unpickled {
  const storages = new Map<string, TorchStorage>();
  const parser = new Parser({
    nameResolver: { resolve: resolveGlobal },
    persistentResolver: {
      resolve: (id) => {
        const storage = loadStorage(id);
        storages.set(storage.key, storages.get(storage.key) ?? storage);
        return storage;
      },
    },
    unpicklingTypeOfDictionary: "Map",
    unpicklingTypeOfSet: "Set",
  });
  try {
    const reader = new GuardedReader(bytes);
    const value: unknown = parser.read(reader);
    return { value, end: reader.position, storages };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${file}: its pickle is refused: ${why}`, { cause: error });
  }
}

/** Bounds on what a pickle may cost. A state dict takes some 40 opcodes a tensor (Zephyr: 60,000), and nests a few levels. */
const MAX_OPCODES = 500_000;
const MAX_DEPTH = 1000;
const MARK = 0x28;
const POP = 0x30;
const BUILD = 0x62;
const LONG1 = 0x8a;
const BINFLOAT = 0x47;
const CLOSES_MARK = new Set([...opcodes("t l e u"), 0x90]);

/**
 * What state dicts are made of, by pickletools' letters; protocol 2, and what protocol 4 writes instead. Absent on
 * purpose: all that constructs objects (NEWOBJ, INST, OBJ, EXT…), PERSID, text opcodes of protocol 0, POP and DUP.
 */
const ALLOWED = new Set([
  ...opcodes("( ) . ] } t l e a s u N J K M G X U B C h j q r c R Q b"), // one letter each
  0x80, // PROTO
  ...[0x85, 0x86, 0x87], // TUPLE1, TUPLE2, TUPLE3
  ...[0x88, 0x89], // NEWTRUE, NEWFALSE
  LONG1,
  ...[0x8c, 0x93, 0x94, 0x95], // SHORT_BINUNICODE, STACK_GLOBAL, MEMOIZE, FRAME
  ...[0x8f, 0x90], // EMPTY_SET, ADDITEMS
]);

function opcodes(letters: string): Set<number> {
  return new Set(letters.split(" ").map((letter) => letter.charCodeAt(0)));
}

/** Lets only admitted opcodes through. The parser asks `hasNext` before each opcode and nowhere else. */
class GuardedReader extends BufferReader {
  #expectsOpcode = false;
  #opcode = 0;
  #count = 0;
  #depth = 0;

  override hasNext(): boolean {
    this.#expectsOpcode = true;
    return super.hasNext();
  }

  override byte(): number {
    const byte = super.byte();
    if (!this.#expectsOpcode) return byte;
    this.#expectsOpcode = false;
    this.#admit(byte);
    this.#opcode = byte;
    // BUILD would assign whatever attributes a pickle likes to whatever object it likes. On a state dict these are
    // notes such as `_metadata`: dropping them is what POP does.
    if (byte === BUILD) return POP;
    return byte === LONG1 ? BINFLOAT : byte; // `float64` then reads it
  }

  #admit(opcode: number): void {
    if (!ALLOWED.has(opcode))
      throw new Error(`opcode 0x${opcode.toString(16)} at byte ${this.position - 1} has no place in a state dict`);
    if (++this.#count > MAX_OPCODES) throw new Error(`it has more than ${MAX_OPCODES} opcodes`);
    if (opcode === MARK) this.#depth++;
    else if (CLOSES_MARK.has(opcode)) this.#depth--;
    if (this.#depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
  }

  /** A float; or the whole number of a LONG1, whatever its length: beyond 2^53 it is rounded, and no size any more. */
  override float64(): number {
    if (this.#opcode !== LONG1) return super.float64();
    const bytes = super.bytes(super.byte());
    let value = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    return Number(BigInt.asIntN(8 * bytes.length, value)); // two's complement
  }

  override bytes(length: number): Uint8Array {
    if (length < 0) throw new Error(`a length of ${length}`); // BINBYTES has a sign in the parser
    return super.bytes(length) as Uint8Array;
  }

  /** Names of globals, which errors may show. */
  override line(): string {
    const line = super.line();
    if (line.length > 200) throw new Error(`the name of a global is ${line.length} characters long: ${quote(line)}`);
    return line;
  }
}
