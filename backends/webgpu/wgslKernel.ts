import { InfimmError } from "../../core/errors.ts";
import { requireKnown } from "../../core/knownNames.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import type { WgslKernel } from "./kernels/customKernel.ts";
import type { WebgpuBackend } from "./webgpu.ts";

/**
 * WGSL as a kernel for `customOp`. What the compiler refuses, the next read tells. It sees each tensor whole: one that
 * is more than the device binds is an OutOfMemoryError.
 * @param spec its sizes may change from call to call; the code is compiled once
 */
export function wgslKernel(spec: WgslKernel): (backend: Backend, inputs: readonly Operand[], out: Operand) => void {
  requireKnown("wgslKernel", spec, ["name", "inputs", "sizes", "numbers", "threads", "code"]);
  return (backend, inputs, out) => {
    // what runs it comes with the backend, so that a page without one loads none of it
    if (!("customKernel" in backend))
      throw new InfimmError(`${spec.name}: a WGSL kernel runs on webgpu, not on ${backend.name}`);
    (backend as WebgpuBackend).customKernel(spec, inputs, out);
  };
}
