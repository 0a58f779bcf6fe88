import { USAGE } from "../memory/blockPool.ts";
import type { Recorder } from "../recording/recorder.ts";
import { GROUP } from "./wgsl.ts";

/** How threads fold values: how many fold into one, how many the workgroup has, and how many meet without barriers. */
export interface Folding {
  readonly lanes: number;
  readonly threads: number;
  /** Threads of a subgroup that follow each other (see `subgroupSize`), 0 without subgroups. */
  readonly subgroup: number;
}

/** Rows that keep a GPU busy with 64 threads each. */
const MANY_ROWS = 1024;

/**
 * How `rows` folds of `n` values each are shared out. A GPU in software gains nothing from sharing, and waits long at
 * barriers.
 */
export function foldingFor({ software, subgroup }: Recorder, rows: number, n: number): Folding {
  if (n <= 4 || software) return { lanes: 1, threads: GROUP, subgroup };
  if (n <= 128) return { lanes: 8, threads: GROUP, subgroup };
  const threads = rows < MANY_ROWS ? 4 * GROUP : GROUP;
  return { lanes: threads, threads, subgroup };
}

/**
 * `fn name(value, lane)`: `value` of `lanes` neighbouring threads, folded into one that all of them get. All threads of
 * the workgroup must call it.
 * @param combine WGSL of two values, `a` and `b`; in either order it gives the same
 * @param members of a struct type: a subgroup exchanges numbers
 */
export function foldLanes(
  name: string,
  type: string,
  { lanes, threads, subgroup }: Folding,
  combine: string,
  members: readonly string[] = [],
): string {
  const near = Math.min(lanes, subgroup || 1);
  const far = lanes / near;
  const steps = Array.from({ length: Math.log2(near) }, (_, i) => near >> (i + 1));
  const from = (step: number) =>
    members.length === 0
      ? `subgroupShuffleXor(all, ${step}u)`
      : `${type}(${members.map((member) => `subgroupShuffleXor(all.${member}, ${step}u)`).join(", ")})`;
  const exchange = steps.map((step) => `  { let a = all; let b = ${from(step)}; all = ${combine}; }`);
  if (far === 1) return `fn ${name}(value: ${type}, lane: u32) -> ${type} {\n  var all = value;\n${exchange.join("\n")}\n  return all;\n}`; // biome-ignore format: one line
  const shared = `${name}Shared`;
  return `var<workgroup> ${shared}: array<${type}, ${threads / near}>;
fn ${name}(value: ${type}, lane: u32) -> ${type} {
  var all = value;
${exchange.join("\n")}
  let place = lane / ${near}u;
  ${shared}[place] = all;
  workgroupBarrier();
  for (var step = ${far / 2}u; step > 0u; step = step >> 1u) {
    if (lane % ${near}u == 0u && place % ${far}u < step) {
      let a = ${shared}[place];
      let b = ${shared}[place + step];
      ${shared}[place] = ${combine};
    }
    workgroupBarrier();
  }
  all = ${shared}[place - place % ${far}u];
  workgroupBarrier();
  return all;
}`;
}

/**
 * How many neighbouring threads of a workgroup meet in one subgroup on this device; 0 if it has no subgroups, or numbers
 * its threads in another way. WebGPU leaves the numbering open, so it is tried out: every thread asks for the number
 * of each thread that `foldLanes` would have it ask.
 */
export async function subgroupSize(device: GPUDevice): Promise<number> {
  const size = device.features.has("subgroups") ? (device.adapterInfo?.subgroupMinSize ?? 0) : 0;
  if (size < 2) return 0;
  const threads = 4 * GROUP;
  const steps = Array.from({ length: Math.log2(size) }, (_, i) => size >> (i + 1));
  const code = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> wrong: atomic<u32>;
@compute @workgroup_size(${threads}) fn main(@builtin(local_invocation_index) lane: u32) {
${steps.map((step) => `  if (subgroupShuffleXor(lane, ${step}u) != (lane ^ ${step}u)) { atomicAdd(&wrong, 1u); }`).join("\n")}
}`;
  const counter = device.createBuffer({ size: 4, usage: USAGE.STORAGE | USAGE.COPY_SRC });
  const answer = device.createBuffer({ size: 4, usage: USAGE.COPY_DST | USAGE.MAP_READ });
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: counter } }] })); // biome-ignore format: one line
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(counter, 0, answer, 0, 4);
  device.queue.submit([encoder.finish()]);
  const [refused] = await Promise.all([device.popErrorScope(), answer.mapAsync(1)]);
  const [wrong] = new Uint32Array(answer.getMappedRange());
  counter.destroy();
  answer.destroy();
  return refused || wrong > 0 ? 0 : size;
}
