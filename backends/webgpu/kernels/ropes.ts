import { sizeOf } from "../../../core/shape.ts";
import type { Operand, Pairs, Turn } from "../../../tensor/backend.ts";
import { inOneBlock } from "../memory/split.ts";
import { Bindings } from "../recording/bindings.ts";
import type { Recorder } from "../recording/recorder.ts";
import { functionsFor } from "../wgsl/functions.ts";
import { addresses, declarations, entry, GROUP, lines, loader, param } from "../wgsl/wgsl.ts";
import { copy } from "./map/map.ts";
import { rope } from "./rope.ts";
import { withTemporary } from "./whole.ts";

/** Rotary positions of several tensors, in one dispatch: a thread turns one pair of channels. */
export function ropes(recorder: Recorder, turns: readonly Turn[], pairs: Pairs): void {
  const some = turns.filter(({ out }) => sizeOf(out.shape) > 0);
  if (some.length === 0) return;
  const plan = some.every(isSimple) ? new Plan(recorder, some, pairs) : undefined;
  if (plan && plan.bindings.blocks.length <= recorder.device.limits.maxStorageBuffersPerShaderStage) plan.run();
  else for (const turn of some) oneByOne(recorder, turn, pairs);
}

function isSimple({ x, cos, sin, out }: Turn): boolean {
  return out.dtype === "f32" && inOneBlock(x, cos, sin, out);
}

function oneByOne(recorder: Recorder, { x, cos, sin, out }: Turn, pairs: Pairs): void {
  withTemporary(recorder, out.shape, "f32", (turned) => {
    rope(recorder, x, cos, sin, pairs, turned);
    copy(recorder, turned, out);
  });
}

/** One dispatch: its bindings, its parameters, and the parts of its source. */
class Plan {
  readonly bindings = new Bindings();
  private readonly recorder: Recorder;
  private readonly pairs: Pairs;
  private readonly params: number[] = [];
  private readonly keys: string[] = [];
  private readonly functions: string[] = [];
  private readonly branches: string[] = [];
  private threads = 0;

  constructor(recorder: Recorder, turns: readonly Turn[], pairs: Pairs) {
    this.recorder = recorder;
    this.pairs = pairs;
    for (const [i, turn] of turns.entries()) this.add(turn, i);
  }

  run(): void {
    const { bindings, params, functions, branches, pairs } = this;
    this.recorder.dispatch({
      key: `ropes ${pairs};${this.keys.join(";")};${bindings.pattern}`,
      blocks: bindings.blocks,
      params,
      groups: Math.ceil(this.threads / GROUP),
      source: () => {
        const code = [
          ...functions,
          entry(GROUP, `  let thread = group * ${GROUP}u + lane;\n${branches.join(" else ")}`),
        ].join("\n");
        return [declarations(params.length, bindings.pattern), functionsFor(code), code].join("\n");
      },
    });
  }

  private slot(value: number): number {
    return this.params.push(value) - 1;
  }

  /** One tensor: its threads follow those of the ones before. */
  private add({ x, cos, sin, out }: Turn, index: number): void {
    const rank = out.shape.length;
    const channels = out.shape[rank - 1];
    const first = this.slot(this.threads);
    this.threads += sizeOf(out.shape) / 2;
    const end = this.slot(this.threads);
    const half = this.slot(channels / 2);
    const operands: readonly Operand[] = [x, cos, sin, out];
    const ids = operands.map((operand, i) => this.bindings.add(operand, { writable: i === 3 }));
    const bases = operands.map((operand, i) => this.slot(this.bindings.base(ids[i], operand)));
    const shape = out.shape.slice(0, -1).map((size) => this.slot(size));
    const strides = operands.map((operand) => operand.strides.map((stride) => this.slot(stride)));
    this.keys.push(`${rank} ${operands.map(({ dtype }, i) => dtype + ids[i])}`);
    operands.slice(0, 3).forEach(({ dtype }, i) => {
      this.functions.push(loader(`load${index}_${i}`, ids[i], dtype));
    });
    const apart = this.pairs === "half" ? param(half) : "1u";
    const channel = this.pairs === "half" ? `pair % ${param(half)}` : `(pair % ${param(half)}) * 2u`;
    const row =
      rank > 1
        ? addresses(`(pair / ${param(half)})`, rank - 1, shape[0], strides.map((s) => s[0]), bases.map(param), ["x", "c", "s", "o"]) // biome-ignore format: one call
        : lines(4, (i) => `  let ${"xcso"[i]} = ${param(bases[i])};`);
    const place = (i: number, which: string) => `${"xcso"[i]} + (channel${which}) * ${param(strides[i][rank - 1])}`;
    const other = ` + ${apart}`;
    this.branches.push(`  if (thread < ${param(end)}) {
    let pair = thread - ${param(first)};
    let channel = ${channel};
${row}
    let a = load${index}_0(${place(0, "")});
    let b = load${index}_0(${place(0, other)});
    b${ids[3]}[${place(3, "")}] = bitcast<u32>(a * load${index}_1(${place(1, "")}) + -b * load${index}_2(${place(2, "")}));
    b${ids[3]}[${place(3, other)}] = bitcast<u32>(b * load${index}_1(${place(1, other)}) + a * load${index}_2(${place(2, other)}));
  }`);
  }
}
