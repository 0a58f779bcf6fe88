import type { OwnBytes } from "../../../core/platformTypes.ts";
import { sized, TYPES, type Type, unsigned, vector } from "./code.ts";
import { FunctionBuilder, type FunctionRef, functionRef, Local } from "./function.ts";

type Params = Readonly<Record<string, Type>>;
type Locals<P extends Params> = { readonly [K in keyof P]: Local<P[K]> };

/** A function that returns nothing, before it belongs to a module. */
export interface KernelBody {
  readonly params: Record<string, Type>;
  body(f: FunctionBuilder, args: Record<string, Local<Type>>): void;
}

interface Signature {
  readonly params: readonly Type[];
  readonly result: Type | "void";
}

const utf8 = new TextEncoder();
const text = (name: string) => sized([...utf8.encode(name)]);
const section = (id: number, content: readonly number[]) => [id, ...sized(content)];

/** 64 KiB pages: 4 GiB, the most that 32-bit addresses reach. */
export const MAX_PAGES = 65536;

/**
 * Assembles a WebAssembly module: functions over one shared memory, which is imported as `host.memory`.
 *
 *     const m = new ModuleBuilder();
 *     m.export("double", { at: "i32" }, "void", (f, { at }) => {
 *       f.emit(f32.store(at, f32.mul(f32.load(at), f32.const(2))));
 *     });
 *     new WebAssembly.Module(m.bytes());
 */
export class ModuleBuilder {
  private readonly signatures: Signature[] = [];
  private readonly bodies: FunctionBuilder[] = [];
  private readonly exports: number[][] = [];
  private readonly imports: number[][] = [];
  private readonly typeOf: number[] = [];

  constructor() {
    const limits = [0x03, 0, ...unsigned(MAX_PAGES)]; // 0x03: shared, with a maximum
    this.imports.push([...text("host"), ...text("memory"), 0x02, ...limits]);
  }

  /** A function of the host, imported as `host.<name>`. Imports come before the first function. */
  import<R extends Type>(name: string, params: readonly Type[], result: R): FunctionRef<R> {
    if (this.bodies.length > 0) throw new Error(`${name}: imports are numbered first, so declare them first`);
    const type = this.signatures.push({ params, result }) - 1;
    this.imports.push([...text("host"), ...text(name), 0x00, ...unsigned(type)]);
    return functionRef(this.signatures.length - 1, result);
  }

  /** A function that others of the module may call. */
  func<P extends Params, R extends Type | "void">(
    params: P,
    result: R,
    build: (f: FunctionBuilder, args: Locals<P>) => void,
  ): FunctionRef<R> {
    const types = Object.values(params);
    const index = this.signatures.push({ params: types, result }) - 1;
    const f = new FunctionBuilder(types);
    this.bodies.push(f);
    this.typeOf.push(index);
    const args = Object.keys(params).map((name, i) => [name, new Local(types[i], i)]);
    build(f, Object.fromEntries(args));
    return functionRef(index, result);
  }

  /** A function that the host may call. */
  export<P extends Params>(
    name: string,
    params: P,
    result: Type | "void",
    build: (f: FunctionBuilder, args: Locals<P>) => void,
  ): void {
    const { index } = this.func(params, result, build);
    this.exports.push([...text(name), 0x00, ...unsigned(index)]);
  }

  bytes(): OwnBytes {
    const typesOf = (types: readonly Type[]) => vector(types.map((type) => [TYPES[type]]));
    const types = this.signatures.map(({ params, result }) => [
      0x60,
      ...typesOf(params),
      ...typesOf(result === "void" ? [] : [result]),
    ]);
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
      ...section(1, vector(types)),
      ...section(2, vector(this.imports)),
      ...section(3, vector(this.typeOf.map(unsigned))),
      ...section(7, vector(this.exports)),
      ...section(10, vector(this.bodies.map((body) => sized(body.bytes())))),
    ]);
  }
}
