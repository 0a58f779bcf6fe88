import { ModuleBuilder } from "../assembler/module.ts";
import { f32, i32 } from "../assembler/scalar.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { Sums } from "./reduce.ts";
import { WIDE } from "./rows.ts";
import { firstLanes, storeFirst, walk } from "./walk.ts";

/** `run(y, grad, out, rows, n)`: y · (grad - Σ grad · y) for each row, y being what softmax gave. */
export function softmaxBackwardModule(): ModuleBuilder {
  const m = new ModuleBuilder();
  const params = { y: "i32", grad: "i32", out: "i32", rows: "i32", n: "i32" } as const;
  m.export("run", params, "void", (f, { y, grad, out, rows, n }) => {
    f.while(rows, () => {
      const sums = new Sums(f, "f32"); // its terms cancel, where the gradient is nearly the same for all of a row
      const [at, from] = [f.let(y), f.let(grad)];
      const product = (offset: number) => f32x4.mul(v128.load(from, offset), v128.load(at, offset));
      walk(
        f,
        n,
        WIDE,
        [at, from],
        (_, offset) => sums.add(product(offset)),
        (left) => sums.add(firstLanes(product(0), left, v128.f32(0))),
      );
      const total = f.let(f32x4.splat(f32.demote_f64(sums.total())));
      f.set(at, y);
      f.set(from, grad);
      const result = (offset: number) => f32x4.mul(v128.load(at, offset), f32x4.sub(v128.load(from, offset), total));
      walk(
        f,
        n,
        WIDE,
        [at, from, out],
        (_, offset) => f.emit(v128.store(out, result(offset), offset)),
        (left) => {
          storeFirst(f, out, f.let(result(0)), left);
          f.add(out, i32.shl(left, i32.const(2)));
        },
      );
      for (const start of [y, grad]) f.add(start, i32.shl(n, i32.const(2)));
      f.add(rows, -1);
    });
  });
  return m;
}
