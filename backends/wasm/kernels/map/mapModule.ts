import { BYTES, type DType, isFloat } from "../../../../core/dtype.ts";
import type { Expr } from "../../../../core/expr.ts";
import type { Code, Type } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { type KernelBody, ModuleBuilder } from "../../assembler/module.ts";
import { i32, select } from "../../assembler/scalar.ts";
import { f32x4, i32x4 } from "../../assembler/simd.ts";
import { load4, load4From, loadSplat } from "../elements.ts";
import { importHostFunctions, VectorMath } from "../math.ts";
import { storeLanes } from "./store.ts";
import { type Lanes, Vectorizer } from "./vectorize.ts";

/** How an operand is stepped through in the innermost dim: not at all, to the neighbour, or by some stride. */
export type Step = "same" | "next" | "any";

/** What a kernel is compiled for: an input of a dtype, or a number that is the same for all elements. */
export type InputPattern = { readonly dtype: DType; readonly step: Step } | { readonly number: "f32" | "i32" };

export interface MapPattern {
  /** How many dims are left after merging; each is a loop. */
  readonly dims: number;
  readonly inputs: readonly InputPattern[];
  readonly out: { readonly dtype: DType; readonly step: Step };
}

type I32 = Code<"i32">;

/**
 * out[i] = expr(inputs[i]…), four elements at a time in the innermost of `dims` loops.
 *
 * `run` takes the sizes of the dims; then for out, and for each input that is an operand, an address and a stride
 * in bytes for each dim; for each input that is a number, the number.
 */
export function mapModule(expr: Expr, pattern: MapPattern, fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const { params, body } = mapFunction(m, expr, pattern, fma);
  m.export("run", params, "void", body);
  return m;
}

/** The same as a function of a module that has none yet. */
// over 60 lines: one kernel in the order in which it runs
export function mapFunction(m: ModuleBuilder, expr: Expr, { dims, inputs, out }: MapPattern, fma: boolean): KernelBody {
  const host = importHostFunctions(m);
  const params: Record<string, Type> = {};
  const sizes = Array.from({ length: dims }, (_, d) => `size${d}`);
  const stridesOf = (name: string) => Array.from({ length: dims }, (_, d) => `${name}Stride${d}`);
  const declareOperand = (name: string) => {
    for (const param of [name, ...stridesOf(name)]) params[param] = "i32";
  };
  for (const size of sizes) params[size] = "i32";
  declareOperand("out");
  for (const [i, input] of inputs.entries()) {
    if ("number" in input) params[`in${i}`] = input.number;
    else declareOperand(`in${i}`);
  }
  const body: KernelBody["body"] = (f, p) => {
    const int = (name: string) => p[name] as Local<"i32">;
    const operands = ["out", ...inputs.flatMap((input, i) => ("number" in input ? [] : [`in${i}`]))];
    const numbers = inputs.map((input, i): Lanes | undefined => {
      if (!("number" in input)) return undefined;
      const local = p[`in${i}`];
      const value = input.number === "f32" ? f32x4.splat(local as Local<"f32">) : i32x4.splat(local as Local<"i32">);
      return { kind: input.number, value: f.let(value) };
    });

    /** The loop over one dim, from the operands' positions at its start. */
    const loop = (dim: number, at: ReadonlyMap<string, Local<"i32">>): void => {
      if (dim === dims - 1) {
        innermost(at);
        return;
      }
      const left = f.let(int(sizes[dim]));
      const positions = new Map([...at].map(([name, start]) => [name, f.let(start)]));
      f.while(left, () => {
        loop(dim + 1, positions);
        for (const [name, position] of positions) f.add(position, int(stridesOf(name)[dim]));
        f.add(left, -1);
      });
    };

    const innermost = (starts: ReadonlyMap<string, Local<"i32">>): void => {
      const left = f.let(int(sizes[dims - 1]));
      const at = new Map([...starts].map(([name, start]) => [name, f.let(start)]));
      const stride = (name: string) => int(stridesOf(name)[dims - 1]);
      const constants = inputs.map((input, i) =>
        "dtype" in input && input.step === "same" ? f.let(loadSplat(input.dtype, at.get(`in${i}`)!)) : undefined,
      );
      const stepOf = (name: string) =>
        name === "out" ? out.step : (inputs[Number(name.slice(2))] as { step: Step }).step;
      const dtypeOf = (name: string) =>
        name === "out" ? out.dtype : (inputs[Number(name.slice(2))] as { dtype: DType }).dtype;
      f.while(i32.gt_s(left, i32.const(0)), () => {
        const lanes = inputs.map((input, i): Lanes => {
          if ("number" in input) return numbers[i]!;
          const address = at.get(`in${i}`)!;
          const value =
            constants[i] ??
            f.let(input.step === "next" ? load4(input.dtype, address) : gather(f, input.dtype, address, stride(`in${i}`), left)); // biome-ignore format: one line
          return { kind: isFloat(input.dtype) ? "f32" : "i32", value };
        });
        const result = new Vectorizer(f, new VectorMath(f, fma), host, lanes).lanes(expr);
        storeLanes(f, out.dtype, result, at.get("out")!, out.step === "next" ? undefined : stride("out"), left);
        for (const name of operands) {
          const step = stepOf(name);
          if (step === "same" && name !== "out") continue;
          f.add(at.get(name)!, step === "next" ? 4 * BYTES[dtypeOf(name)] : i32.shl(stride(name), i32.const(2)));
        }
        f.add(left, -4);
      });
    };
    loop(0, new Map(operands.map((name) => [name, int(name)])));
  };
  return { params, body };
}

/** Four elements `stride` bytes apart. Where fewer than four are left, the first stands in: nothing beyond is read. */
function gather(f: FunctionBuilder, dtype: DType, at: I32, stride: I32, left: I32): Code<"v128"> {
  const places = [1, 2, 3].map((lane) => {
    const place = i32.add(at, i32.mul(stride, i32.const(lane)));
    return f.let(select(place, at, i32.gt_s(left, i32.const(lane))));
  });
  return load4From(dtype, [at, places[0], places[1], places[2]]);
}
