import type { GPUDevice, GPUBuffer } from "../../../core/platformTypes.ts";
import type { TypedArray } from "../../../core/dtype.ts";
import { BindGroups } from "./bindGroups.ts";
import type { Dispatch } from "./dispatch.ts";
import { DeviceLostError, WebgpuError } from "../errors.ts";
import { align, type Block, GpuBuffer, largestBlock, BlockPool, USAGE } from "../memory/blockPool.ts";
import { Pipelines } from "./pipelines.ts";

/** What has been asked of the GPU so far. */
export interface Counters {
  dispatches: number;
  submits: number;
  uploads: number;
  reads: number;
}

/** Parameters and small uploads of one recording travel in one buffer. */
const ARENA_BYTES = 2 ** 20;
/** Parameters come in steps of this many bytes, so that kernels share bind groups. */
const PARAM_STEP = 256;
const LARGEST_STAGED = 2 ** 16;
/**
 * So many workgroups are worth a submission: the GPU starts while the rest is recorded, and no command buffer takes so
 * long that the system believes it stuck. A token is less, which a 7B model decodes in 900,000 and a 13B in 1,400,000.
 */
const ENOUGH_GROUPS = 2 ** 21;
/** In one dimension of a dispatch. */
const MAX_GROUPS = 65535;
const MAP_READ = 1;

/**
 * Records kernels into one open compute pass and submits it when something is read, when it is long enough, or when the
 * JavaScript task ends. Whatever is called first happens first: uploads into memory that recorded work uses are
 * recorded, too.
 */
export class Recorder {
  readonly device: GPUDevice;
  /** Whether the device computes on the CPU: other kernels are fast there. */
  readonly software: boolean;
  /** Threads that can exchange values without a barrier, see `subgroupSize`; 0 if there are none. */
  readonly subgroup: number;
  readonly pool: BlockPool;
  readonly counters: Counters = { dispatches: 0, submits: 0, uploads: 0, reads: 0 };
  private readonly pipelines: Pipelines;
  private readonly arena: GPUBuffer;
  private readonly bindGroups: BindGroups;
  private readonly arenaWords = new Uint32Array(ARENA_BYTES / 4);
  private readonly arenaBytes = new Uint8Array(this.arenaWords.buffer);
  private readonly uniformStep: number;
  private readonly staging: GPUBuffer[] = [];
  private readonly untilLost: Promise<never>;
  private used = 0;
  private recording = 0;
  private groups = 0;
  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;
  /** The open pass has these. */
  private pipeline: GPUComputePipeline | undefined;
  private readonly offset = new Uint32Array(1);
  private loss: DeviceLostError | undefined;
  private failure: Error | undefined;
  /** Kernels that are being compiled for work that is only looked at. */
  private compiling: Promise<void>[] | undefined;

  constructor(device: GPUDevice, software: boolean, subgroup: number, blockBytes = largestBlock(device.limits)) {
    this.device = device;
    this.software = software;
    this.subgroup = subgroup;
    this.pool = new BlockPool(device, blockBytes, (error) => this.fail(error));
    this.pipelines = new Pipelines(device);
    this.uniformStep = device.limits.minUniformBufferOffsetAlignment;
    this.arena = device.createBuffer({
      size: ARENA_BYTES,
      usage: USAGE.UNIFORM | USAGE.COPY_SRC | USAGE.COPY_DST,
    });
    this.bindGroups = new BindGroups(device, this.arena);
    device.addEventListener("uncapturederror", (event) => {
      this.fail(new WebgpuError(`WebGPU refused a call: ${(event as GPUUncapturedErrorEvent).error.message}`));
    });
    this.untilLost = device.lost.then(({ reason, message }) => {
      this.loss = new DeviceLostError(
        `the GPU device was lost (${reason ?? "unknown"}): ${message || "no reason given"}. Its tensors are gone; make a new backend`,
      );
      throw this.loss;
    });
    this.untilLost.catch(() => {});
  }

  get lost(): boolean {
    return this.loss !== undefined;
  }

  alloc(byteLength: number): GpuBuffer {
    this.requireDevice();
    const blocks = this.compiling ? this.pool.imagine(byteLength) : this.pool.take(byteLength);
    return new GpuBuffer(blocks, this.pool.blockBytes, byteLength);
  }

  free(buffer: GpuBuffer): void {
    if (buffer.freed) return;
    buffer.freed = true;
    for (const block of buffer.blocks) if (block.gpu) this.pool.give(block);
  }

  dispatch({ key, source, blocks, params, groups }: Dispatch): void {
    if (groups === 0) return;
    this.requireDevice();
    if (this.compiling) {
      this.compiling.push(this.pipelines.prepare(key, source, blocks));
      return;
    }
    const kernel = this.pipelines.get(key, source, blocks);
    const bytes = align(params.length * 4, PARAM_STEP);
    const at = this.takeArena(bytes, this.uniformStep);
    this.arenaWords.set(params, at / 4);
    const group = this.bindGroups.get(kernel.layout, kernel.pattern, bytes, blocks);
    const pass = this.openPass();
    if (this.pipeline !== kernel.pipeline) pass.setPipeline((this.pipeline = kernel.pipeline));
    this.offset[0] = at;
    pass.setBindGroup(0, group, this.offset, 0, 1);
    const rows = Math.ceil(groups / MAX_GROUPS);
    pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
    for (const { block } of blocks) block.recorded = this.recording;
    this.counters.dispatches++;
    this.groups += groups;
    if (this.groups >= ENOUGH_GROUPS) this.submit();
  }

  /** Run `work` without memory and without doing what it records, and compile its kernels meanwhile. */
  async precompile(work: () => void): Promise<void> {
    this.requireDevice();
    const compiling: Promise<void>[] = [];
    this.compiling = compiling;
    try {
      work();
    } finally {
      this.compiling = undefined;
    }
    await Promise.all(compiling);
  }

  /** Bytes into the beginning of a buffer. */
  write({ blocks, blockBytes }: GpuBuffer, data: TypedArray): void {
    this.requireDevice();
    if (this.compiling) return;
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    if (bytes.length === 0) return;
    this.counters.uploads++;
    for (const [i, block] of blocks.entries()) {
      this.writeBlock(block, bytes.subarray(i * blockBytes, (i + 1) * blockBytes));
    }
  }

  private writeBlock(block: Block, bytes: Uint8Array<ArrayBuffer>): void {
    const waiting = block.recorded === this.recording && this.encoder !== undefined;
    if (waiting && bytes.length <= LARGEST_STAGED) {
      const at = this.takeArena(align(bytes.length, 4), 4);
      this.arenaBytes.set(bytes, at);
      this.openEncoder().copyBufferToBuffer(this.arena, at, block.gpu!, 0, align(bytes.length, 4));
      block.recorded = this.recording;
      return;
    }
    if (waiting) this.submit();
    const whole = bytes.length - (bytes.length % 4);
    if (whole > 0) this.device.queue.writeBuffer(block.gpu!, 0, bytes, 0, whole);
    if (whole < bytes.length) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(block.gpu!, whole, tail);
    }
  }

  /** A copy of bytes as they are after all that was recorded before. */
  async read({ blocks, blockBytes }: GpuBuffer, byteOffset: number, byteLength: number): Promise<ArrayBuffer> {
    this.requireDevice();
    if (this.compiling) throw new WebgpuError("precompile: the work must not read, as nothing is computed");
    if (byteLength === 0) return new ArrayBuffer(0);
    const start = byteOffset - (byteOffset % 4);
    const end = align(byteOffset + byteLength, 4);
    const parts = blocks.flatMap((block, i) => {
      const [from, to] = [Math.max(start, i * blockBytes), Math.min(end, (i + 1) * blockBytes)];
      if (from >= to) return [];
      const staging = this.takeStaging(to - from);
      this.openEncoder().copyBufferToBuffer(block.gpu!, from - i * blockBytes, staging, 0, to - from);
      return [{ staging, size: to - from, at: from - start }];
    });
    this.submit();
    this.counters.reads++;
    const all = new Uint8Array(end - start);
    for (const { staging, size, at } of parts) {
      try {
        await Promise.race([staging.mapAsync(MAP_READ, 0, size), this.untilLost]);
      } catch (error) {
        throw await this.reasonOf(error);
      }
      all.set(new Uint8Array(staging.getMappedRange(0, size)), at);
      staging.unmap();
      this.giveStaging(staging);
    }
    this.throwFailure();
    const skipped = byteOffset - start;
    return skipped === 0 && all.length === byteLength ? all.buffer : all.buffer.slice(skipped, skipped + byteLength);
  }

  /** Wait until all that was recorded has run. */
  async flush(): Promise<void> {
    this.requireDevice();
    this.submit();
    try {
      await Promise.race([this.device.queue.onSubmittedWorkDone(), this.untilLost]);
    } catch (error) {
      throw await this.reasonOf(error);
    }
    this.throwFailure();
  }

  submit(): void {
    if (!this.encoder) return;
    this.pass?.end();
    if (this.used > 0) this.device.queue.writeBuffer(this.arena, 0, this.arenaBytes, 0, this.used);
    this.device.queue.submit([this.encoder.finish()]);
    this.counters.submits++;
    this.encoder = this.pass = undefined;
    this.used = this.groups = 0;
    this.recording++;
    if (this.pool.trim()) this.bindGroups.clear();
  }

  private openEncoder(): GPUCommandEncoder {
    this.pass?.end();
    this.pass = undefined;
    if (!this.encoder) {
      this.encoder = this.device.createCommandEncoder();
      const { recording } = this;
      setTimeout(() => {
        if (recording === this.recording && !this.loss) this.submit();
      });
    }
    return this.encoder;
  }

  private openPass(): GPUComputePassEncoder {
    if (!this.pass) {
      this.pass = this.openEncoder().beginComputePass();
      this.pipeline = undefined;
    }
    return this.pass;
  }

  /** Where `bytes` of the arena are free; what is recorded is submitted first if none are. */
  private takeArena(bytes: number, step: number): number {
    let at = align(this.used, step);
    if (at + bytes > ARENA_BYTES) {
      this.submit();
      at = 0;
    }
    this.used = at + bytes;
    return at;
  }

  private takeStaging(size: number): GPUBuffer {
    const found = this.staging.findIndex((buffer) => buffer.size >= size);
    if (found >= 0) return this.staging.splice(found, 1)[0];
    const usage = USAGE.MAP_READ | USAGE.COPY_DST;
    return this.device.createBuffer({ size: Math.max(size, 2 ** 16), usage });
  }

  private giveStaging(buffer: GPUBuffer): void {
    if (buffer.size <= 2 ** 22 && this.staging.length < 4) this.staging.push(buffer);
    else buffer.destroy();
  }

  /** Remember the first thing that went wrong: the next read tells it. */
  private fail(error: Error): void {
    this.failure ??= error;
  }

  private throwFailure(): void {
    const error = this.failure;
    this.failure = undefined;
    if (error) throw error;
  }

  private requireDevice(): void {
    if (this.loss) throw this.loss;
  }

  /** A promise of WebGPU's fails when the device is lost, maybe before the device says so. */
  private async reasonOf(error: unknown): Promise<Error> {
    if (this.loss) return this.loss;
    const patience = new Promise<undefined>((resolve) => setTimeout(resolve, 500));
    const loss = await Promise.race([this.untilLost.catch((reason: DeviceLostError) => reason), patience]);
    return loss ?? this.failure ?? new WebgpuError(`reading from the GPU failed: ${error}`);
  }
}
