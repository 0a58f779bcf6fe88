import { byteLengthOf } from "../core/dtype.ts";
import { viewOf } from "../core/operand.ts";
import { contiguousStrides, type Shape, sizeOf } from "../core/shape.ts";
import type { Backend, DeviceBuffer, Operand, Pairs, Turn } from "./backend.ts";
import { type Deferred, Storage } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/**
 * Rotary positions that nobody has asked for yet. Whoever needs one has it computed, in one launch with all that wait for
 * the same table: queries and keys. A cache may have it computed into its own memory.
 */
export class Turned implements Deferred {
  readonly byteLength: number;
  readonly sources: readonly Storage[];
  readonly shape: Shape;
  private readonly backend: Backend;
  private readonly inputs: Omit<Turn, "out">;
  private readonly pairs: Pairs;

  /** @param inputs x, cos and sin, of one shape */
  constructor(inputs: readonly [x: Tensor, cos: Tensor, sin: Tensor], pairs: Pairs) {
    const [x, cos, sin] = inputs.map((t) => viewOf(t));
    this.inputs = { x, cos, sin };
    this.pairs = pairs;
    this.shape = x.shape;
    this.backend = inputs[0].backend;
    this.byteLength = byteLengthOf("f32", sizeOf(x.shape));
    this.sources = inputs.map(({ storage }) => storage);
  }

  run(storage: Storage): void {
    const family = this.family();
    Storage.fill(family.length > 0 ? family : [storage], (memory) => {
      const all = family.length > 0 ? family.map(({ deferred }) => deferred as Turned) : [this];
      this.backend.fused.ropes!(all.map((turned, i) => turned.turn(memory[i])), this.pairs); // biome-ignore format: one line
    });
  }

  /** Compute it into other memory, and what waits with it into its own. It waits on, for who asks for memory of its own. */
  runInto(out: Operand): void {
    const others = this.family().filter(({ deferred }) => deferred !== this);
    Storage.fill(others, (memory) => {
      const turns = others.map(({ deferred }, i) => (deferred as Turned).turn(memory[i]));
      this.backend.fused.ropes!([...turns, { ...this.inputs, out }], this.pairs);
    });
  }

  /** The storages that wait for the same table, its own among them. */
  private family(): readonly Storage[] {
    const { cos } = this.inputs;
    return this.sources[1].waitingReaders.filter(
      ({ deferred }) => deferred instanceof Turned && deferred.pairs === this.pairs && deferred.inputs.cos.offset === cos.offset, // biome-ignore format: one line
    );
  }

  private turn(buffer: DeviceBuffer): Turn {
    const { shape } = this;
    return { ...this.inputs, out: { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 } };
  }
}

/** What waits to be turned: x, cos and sin have one shape. */
export function waitingTurn(x: Tensor, cos: Tensor, sin: Tensor, pairs: Pairs): Tensor {
  return new Tensor(new Storage(x.backend, new Turned([x, cos, sin], pairs)), "f32", x.shape);
}

/** Write the elements of `source` over those of `target`, part of memory that the caller owns. */
export function writeInto(source: Tensor, target: Tensor): void {
  const { deferred } = source.storage;
  target.storage.settleReaders();
  const whole = deferred instanceof Turned && source.isContiguous && source.offset === 0;
  if (whole && source.shape.length === deferred.shape.length && source.shape.every((d, i) => d === deferred.shape[i])) {
    deferred.runInto(viewOf(target));
  } else source.backend.copy(source, target);
}
