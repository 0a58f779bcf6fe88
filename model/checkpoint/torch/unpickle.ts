import { BufferReader, Parser } from "pickleparser";
import { FileFormatError } from "../../../core/errors.ts";
import { quote } from "../weightFile.ts";
import { loadStorage, resolveGlobal } from "./torchObjects.ts";

/**
 * The object in a pickle that torch.save wrote, without running anything that it names: opcodes and globals are those
 * of state dicts, all others are refused. Dictionaries are Maps, tensors TorchTensors.
 *
 * @throws FileFormatError that names `file`
 */
export function unpickle(bytes: Uint8Array, file: string): unknown {
  const parser = new Parser({
    nameResolver: { resolve: resolveGlobal },
    persistentResolver: { resolve: loadStorage },
    unpicklingTypeOfDictionary: "Map",
  });
  try {
    return parser.read(new GuardedReader(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${file}: its pickle is refused: ${why}`, { cause: error });
  }
}

/** Bounds on what a pickle may cost. A state dict takes some 40 opcodes a tensor (Zephyr: 60,000), and nests a few levels. */
const MAX_OPCODES = 500_000;
const MAX_DEPTH = 1000;
/** The longest whole number read, in bytes: beyond them a number could not be exact. */
const MAX_LONG_BYTES = 6;

const MARK = 0x28;
const POP = 0x30;
const BUILD = 0x62;
const LONG1 = 0x8a;
const CLOSES_MARK = opcodes("t l e u");

/**
 * What state dicts are made of, by pickletools' letters; protocol 2, and what protocol 4 writes instead. Absent on
 * purpose: all that constructs objects (NEWOBJ, INST, OBJ, EXT…), PERSID, text opcodes of protocol 0, POP and DUP.
 */
const ALLOWED = new Set([
  ...opcodes("( ) . ] } t l e a s u N J K M G X U h j q r c R Q b"), // one letter each
  0x80, // PROTO
  ...[0x85, 0x86, 0x87], // TUPLE1, TUPLE2, TUPLE3
  ...[0x88, 0x89], // NEWTRUE, NEWFALSE
  LONG1,
  ...[0x8c, 0x93, 0x94, 0x95], // SHORT_BINUNICODE, STACK_GLOBAL, MEMOIZE, FRAME
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
    // BUILD would assign whatever attributes a pickle likes to whatever object it likes. On a state dict these are
    // notes such as `_metadata`: dropping them is what POP does.
    return byte === BUILD ? POP : byte;
  }

  #admit(opcode: number): void {
    if (!ALLOWED.has(opcode))
      throw new Error(`opcode 0x${opcode.toString(16)} at byte ${this.position - 1} has no place in a state dict`);
    if (++this.#count > MAX_OPCODES) throw new Error(`it has more than ${MAX_OPCODES} opcodes`);
    if (opcode === MARK) this.#depth++;
    else if (CLOSES_MARK.has(opcode)) this.#depth--;
    if (this.#depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
    this.#opcode = opcode;
  }

  override bytes(length: number): Uint8Array {
    if (this.#opcode === LONG1 && length > MAX_LONG_BYTES)
      throw new Error(`a whole number of ${length} bytes is too large (at most ${MAX_LONG_BYTES})`);
    return super.bytes(length) as Uint8Array;
  }

  /** Names of globals, which errors may show. */
  override line(): string {
    const line = super.line();
    if (line.length > 200) throw new Error(`the name of a global is ${line.length} characters long: ${quote(line)}`);
    return line;
  }
}
