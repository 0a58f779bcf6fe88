/** The tensor library, from one place. */
export { differentiable, isTracked, noGrad, valueAndGrad, type Vjp } from "./autograd.ts";
export * from "./backend.ts";
export { compute } from "./compute.ts";
export * from "./ops/creation.ts";
export * from "./ops/einops.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export * from "./ops/join.ts";
export * from "./ops/loss.ts";
export * from "./ops/matmul.ts";
export * from "./ops/norm.ts";
export { all, amax, amin, any, argmax, argmin, cumsum, mean, sum, variance } from "./ops/reduce.ts";
export * from "./ops/rope.ts";
export * from "./ops/softmax.ts";
export * from "./ops/views.ts";
export { keep, memory, type Scope, scope } from "./scope.ts";
export { commonBackend, empty, Tensor, type TensorLike } from "./tensor.ts";
