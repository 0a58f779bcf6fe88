import { computeDType, type DType, type QuantizedDType } from "../../../core/dtype.ts";

/** Threads of a workgroup, where nothing else is said. */
export const GROUP = 64;

/** The types that kernels compute with. */
export type Scalar = "f32" | "i32" | "bool";

/** Parameter `slot` of a kernel, a u32. Uniforms come in vectors of four. */
export function param(slot: number): string {
  return `params[${slot >> 2}u].${"xyzw"[slot & 3]}`;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** A number as parameters carry it; kernels `bitcast` it back. */
export function floatBits(value: number): number {
  scratch[0] = value;
  return scratchBits[0];
}

/**
 * The head of a kernel: parameters, and one array of words a buffer (`b0`, `b1`, …). All memory is u32, so that one
 * buffer may hold any dtype, be read and written through one name, and keep the bits of a NaN.
 * @param types of the buffers' elements, where vectors are read
 * @param pattern `r` or `w` a buffer, `a` for one that is written in parts of words, by several threads
 */
export function declarations(params: number, pattern: string, types: readonly string[] = []): string {
  const buffers = [...pattern].map((mode, i) => {
    const access = mode === "r" ? "read" : "read_write";
    return `@group(0) @binding(${i + 1}) var<storage, ${access}> b${i}: array<${mode === "a" ? "atomic<u32>" : (types[i] ?? "u32")}>;`;
  });
  return [`@group(0) @binding(0) var<uniform> params: array<vec4<u32>, ${Math.ceil(params / 4)}>;`, ...buffers].join(
    "\n",
  );
}

/** `fn name(i: u32)`: element i of buffer `b`, widened to what it is computed in. */
export function loader(name: string, b: number, dtype: DType, atomic = false): string {
  const word = (at: string) => (atomic ? `atomicLoad(&b${b}[${at}])` : `b${b}[${at}]`);
  const type = computeDType(dtype);
  const body = {
    f32: `bitcast<f32>(${word("i")})`,
    i32: `bitcast<i32>(${word("i")})`,
    bool: `((${word("i >> 2u")} >> ((i & 3u) * 8u)) & 255u) != 0u`,
    f16: `unpack2x16float(${word("i >> 1u")} >> ((i & 1u) * 16u)).x`,
    bf16: `bitcast<f32>((${word("i >> 1u")} >> ((i & 1u) * 16u)) << 16u)`,
  }[dtype as Exclude<DType, QuantizedDType>]; // of those, `computeDType` throws
  return `fn ${name}(i: u32) -> ${type} { return ${body}; }`;
}

/** `count` lines of WGSL, or terms with something else between them. */
export function lines(count: number, line: (i: number) => string, between = "\n"): string {
  return Array.from({ length: count }, (_, i) => line(i)).join(between);
}

/** A kernel's entry: `group` counts workgroups in one row, however the dispatch was folded; `lane` is the thread's place. */
export function entry(size: number, body: string): string {
  return `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) at: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {
  let group = at.x + at.y * groups.x;
${body}
}`;
}

/**
 * Statements that turn the number `index` of an element into addresses: `a0`, `a1`, … (one a list of strides).
 * @param shapeSlot the first of `rank` parameters with the sizes
 * @param strideSlots for each address, the first of `rank` parameters with its strides
 * @param starts for each address, what it begins with
 */
export function addresses(
  index: string,
  rank: number,
  shapeSlot: number,
  strideSlots: readonly number[],
  starts: readonly string[],
  names: readonly string[] = strideSlots.map((_, k) => `a${k}`),
): string {
  const lines = [`  var rest_${names[0]} = ${index};`];
  const terms: string[][] = strideSlots.map(() => []);
  for (let axis = rank - 1; axis >= 0; axis--) {
    const c = `c${axis}_${names[0]}`;
    if (axis > 0) {
      lines.push(`  let ${c} = rest_${names[0]} % ${param(shapeSlot + axis)};`);
      lines.push(`  rest_${names[0]} = rest_${names[0]} / ${param(shapeSlot + axis)};`);
    } else lines.push(`  let ${c} = rest_${names[0]};`);
    strideSlots.forEach((slot, k) => {
      terms[k].push(`${c} * ${param(slot + axis)}`);
    });
  }
  strideSlots.forEach((_, k) => {
    lines.push(`  let ${names[k]} = ${[starts[k], ...terms[k]].join(" + ")};`);
  });
  return lines.join("\n");
}

/** `value` of `from` as `to`. */
export function convert(value: string, from: Scalar, to: Scalar): string {
  if (from === to) return value;
  if (to === "bool") return from === "f32" ? `truth(${value})` : `(${value} != 0)`;
  if (from === "bool") return to === "f32" ? `select(0.0, 1.0, ${value})` : `select(0, 1, ${value})`;
  return to === "i32" ? `wholeOf(${value})` : `f32(${value})`;
}

/** A value of its compute type as the bits that memory holds. */
export function bitsOf(value: string, dtype: DType): string {
  if (dtype === "bool") return `select(0u, 1u, ${value})`;
  if (dtype === "f16") return `halfBits(${value})`;
  if (dtype === "bf16") return `brainBits(${value})`;
  return `bitcast<u32>(${value})`;
}

/** `fn name(i: u32, bits: u32)`: write element i of an `a` buffer, whose words have elements of other threads. */
export function atomicStore(name: string, b: number, dtype: "bool" | "f16" | "bf16"): string {
  const [shift, mask, log] = dtype === "bool" ? ["(i & 3u) * 8u", "255u", 2] : ["(i & 1u) * 16u", "65535u", 1];
  return `fn ${name}(i: u32, bits: u32) {
  let shift = ${shift};
  atomicAnd(&b${b}[i >> ${log}u], ~(${mask} << shift));
  atomicOr(&b${b}[i >> ${log}u], bits << shift);
}`;
}
