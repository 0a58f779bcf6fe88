import type { Pairs } from "../../../tensor/backend.ts";
import { ModuleBuilder } from "../assembler/module.ts";
import { f32, i32 } from "../assembler/scalar.ts";
import { f32x4, v128 } from "../assembler/simd.ts";

/** What `ropeModule`'s function takes, in order. Addresses and strides are bytes; channels lie together. */
export interface RopeArguments {
  readonly x: number;
  readonly xLine: number;
  readonly cos: number;
  readonly cosLine: number;
  readonly sin: number;
  readonly sinLine: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly channels: number;
}

const OPERANDS = ["x", "cos", "sin", "out"] as const;

/** Each pair (a, b) of a row's channels as (a·cos + -b·sin, b·cos + a·sin): halves four pairs at a time, neighbours one. */
export function ropeModule(pairs: Pairs): ModuleBuilder {
  const m = new ModuleBuilder();
  const names = OPERANDS.flatMap((name) => [name, `${name}Line`] as const);
  const params = Object.fromEntries([...names, "rows", "channels"].map((name) => [name, "i32" as const])) as Record<
    (typeof names)[number] | "rows" | "channels",
    "i32"
  >;
  m.export("run", params, "void", (f, p) => {
    const lines = OPERANDS.map((name) => f.let(p[name]));
    const [x, cos, sin, out] = OPERANDS.map(() => f.local("i32"));
    const left = f.local("i32");
    const half = f.let(i32.shl(p.channels, i32.const(1))); // bytes
    const [a, b] = [f.local("f32"), f.local("f32")];
    const [av, bv] = [f.local("v128"), f.local("v128")];
    const advance = (bytes: number) => {
      for (const at of [x, cos, sin, out]) f.add(at, bytes);
    };
    /** From one channel of a pair to the other. */
    const other = (at: typeof x) => (pairs === "half" ? i32.add(at, half) : i32.add(at, i32.const(4)));
    const one = () => {
      f.set(a, f32.load(x));
      f.set(b, f32.load(other(x)));
      f.emit(f32.store(out, f32.add(f32.mul(a, f32.load(cos)), f32.mul(f32.mul(b, f32.const(-1)), f32.load(sin)))));
      f.emit(f32.store(other(out), f32.add(f32.mul(b, f32.load(other(cos))), f32.mul(a, f32.load(other(sin))))));
    };
    const four = () => {
      f.set(av, v128.load(x));
      f.set(bv, v128.load(other(x)));
      f.emit(v128.store(out, f32x4.add(f32x4.mul(av, v128.load(cos)), f32x4.mul(f32x4.neg(bv), v128.load(sin)))));
      const second = f32x4.add(f32x4.mul(bv, v128.load(other(cos))), f32x4.mul(av, v128.load(other(sin))));
      f.emit(v128.store(other(out), second));
    };
    const rows = f.let(p.rows);
    f.while(rows, () => {
      for (const [i, at] of [x, cos, sin, out].entries()) f.set(at, lines[i]);
      f.set(left, i32.div_u(p.channels, i32.const(2))); // pairs
      if (pairs === "half") {
        f.while(i32.ge_s(left, i32.const(4)), () => {
          four();
          advance(16);
          f.add(left, -4);
        });
      }
      f.while(left, () => {
        one();
        advance(pairs === "half" ? 4 : 8);
        f.add(left, -1);
      });
      for (const [i, name] of OPERANDS.entries()) f.add(lines[i], p[`${name}Line`]);
      f.add(rows, -1);
    });
  });
  return m;
}
