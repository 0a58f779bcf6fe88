import type { DType } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { differentiable, isTracked, type Vjp } from "../autograd.ts";
import type { Backend, Operand } from "../backend.ts";
import { scope } from "../scope.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { contiguous } from "./views.ts";

/** Computes every element of `out` from `inputs`; all are contiguous. */
export type CustomKernel = (backend: Backend, inputs: readonly Operand[], out: Operand) => void;

/** An op of your own. */
export interface CustomOp {
  readonly name: string;
  /** The rule for the result's shape. It may refuse: throw a ShapeError. */
  shape(...inputs: Tensor[]): Shape;
  /** f32 unless given. */
  readonly dtype?: DType;
  /** By the name of the backend that each is for. */
  readonly kernels: Readonly<Record<string, CustomKernel>>;
  /** The same in tensor ops, for all other backends; it is also what the kernels can be tested against. */
  otherwise?(...inputs: Tensor[]): Tensor;
  /**
   * From the gradient of the output to those of the inputs. Without it, training computes `otherwise` and goes back
   * through that; without either, the op is a constant to training.
   */
  gradient?(...inputs: Tensor[]): Vjp;
}

/** Make a function on tensors of a kernel, a rule for its shape, and what it means elsewhere. */
export function customOp(op: CustomOp): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const backend = commonBackend(op.name, inputs);
    const kernel = Object.hasOwn(op.kernels, backend.name) ? op.kernels[backend.name] : undefined;
    if (!kernel && !op.otherwise) {
      const known = Object.keys(op.kernels).join(", ");
      throw new InfimmError(`${op.name}: no kernel for ${backend.name}, and no \`otherwise\`; there are: ${known}`);
    }
    if (op.otherwise && !op.gradient && inputs.some(isTracked)) return scope(() => op.otherwise!(...inputs));
    const forward = () => {
      if (!kernel) return op.otherwise!(...inputs);
      const out = empty(op.shape(...inputs), op.dtype ?? "f32", backend);
      kernel(backend, inputs.map(contiguous), out);
      return out;
    };
    const vjp = op.gradient?.(...inputs) ?? (() => inputs.map(() => null));
    return differentiable(inputs, forward, vjp);
  };
}
