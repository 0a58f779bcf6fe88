import { Code, operation, TYPES, type Type, unsigned, vector } from "./code.ts";
import { i32 } from "./scalar.ts";

/** A local variable, and the code that reads it. */
export class Local<T extends Type = Type> extends Code<T> {
  readonly index: number;

  constructor(type: T, index: number) {
    super(type, [0x20, ...unsigned(index)]);
    this.index = index;
  }
}

/** A place to jump to: the end of a block, or the beginning of a loop. */
export interface Label {
  /** How many blocks were open round it. */
  readonly depth: number;
}

/** The body of a function, statement by statement. */
export class FunctionBuilder {
  private readonly paramCount: number;
  private readonly types: Type[];
  private readonly body: number[] = [];
  private depth = 0;

  constructor(params: readonly Type[]) {
    this.paramCount = params.length;
    this.types = [...params];
  }

  local<T extends Type>(type: T): Local<T> {
    return new Local(type, this.types.push(type) - 1);
  }

  /** A new local that holds `value`. */
  let<T extends Type>(value: Code<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends Type>(local: Local<T>, value: Code<T>): void {
    this.body.push(...value.bytes, 0x21, ...unsigned(local.index));
  }

  /** local += amount */
  add(local: Local<"i32">, amount: Code<"i32"> | number): void {
    this.set(local, i32.add(local, typeof amount === "number" ? i32.const(amount) : amount));
  }

  /** A statement, or a value to return at the end. */
  emit(...statements: Code[]): void {
    for (const { bytes } of statements) this.body.push(...bytes);
  }

  if(condition: Code<"i32">, whenTrue: () => void, whenFalse?: () => void): void {
    this.open(0x04, condition, () => {
      whenTrue();
      if (!whenFalse) return;
      this.body.push(0x05);
      whenFalse();
    });
  }

  /** `br(label)` inside leaves the block. */
  block(content: (end: Label) => void): void {
    this.open(0x02, undefined, content);
  }

  /** `br(label)` inside begins again. */
  loop(content: (again: Label) => void): void {
    this.open(0x03, undefined, content);
  }

  br(label: Label, condition?: Code<"i32">): void {
    if (condition) this.body.push(...condition.bytes);
    this.body.push(condition ? 0x0d : 0x0c, ...unsigned(this.depth - label.depth - 1));
  }

  /** `content` as long as `condition` holds. */
  while(condition: Code<"i32">, content: () => void): void {
    this.if(condition, () =>
      this.loop((again) => {
        content();
        this.br(again, condition);
      }),
    );
  }

  return(value?: Code<Type>): void {
    if (value) this.body.push(...value.bytes);
    this.body.push(0x0f);
  }

  /** The function's entry of the code section: its locals, its instructions. */
  bytes(): number[] {
    const locals = this.types.slice(this.paramCount).map((type) => [1, TYPES[type]]);
    return [...vector(locals), ...this.body, 0x0b];
  }

  private open(opcode: number, condition: Code<"i32"> | undefined, content: (label: Label) => void): void {
    if (condition) this.body.push(...condition.bytes);
    this.body.push(opcode, 0x40); // 0x40: a block that leaves no value
    content({ depth: this.depth++ });
    this.depth--;
    this.body.push(0x0b);
  }
}

/** A function of the module, to be called from others of it. */
export interface FunctionRef<R extends Type | "void" = Type | "void"> {
  readonly index: number;
  call(...args: Code<Type>[]): Code<R>;
}

export function functionRef<R extends Type | "void">(index: number, result: R): FunctionRef<R> {
  return { index, call: (...args) => operation(result, args, [0x10, ...unsigned(index)]) };
}
