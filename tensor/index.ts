/** The tensor library, from one place. */
export { assign } from "./assign.ts";
export {
  differentiable,
  type GradientHook,
  isTracked,
  noGrad,
  parametersOf,
  registerHook,
  valueAndGrad,
  type Vjp,
} from "./autograd.ts";
export * from "./backend.ts";
export { fromNdarray, type NdArray, toNdarray } from "./ndarray.ts";
export {
  type AttentionOptions,
  attentionOutput,
  attentionOfScores,
  attentionProbabilities,
  attentionScores,
  scaledDotProductAttention,
} from "./ops/attention.ts";
export { compute } from "./compute.ts";
export * from "./ops/activations.ts";
export * from "./ops/adaptivePool.ts";
export * from "./ops/batchNorm.ts";
export * from "./ops/bits.ts";
export { type Conv1dOptions, type Conv2dOptions, conv1d, conv2d } from "./ops/conv.ts";
export { type Conv3dOptions, conv3d } from "./ops/conv3d.ts";
export * from "./ops/convTranspose.ts";
export * from "./ops/creation.ts";
export { type CustomKernel, type CustomOp, customOp } from "./ops/custom.ts";
export * from "./ops/diagonals.ts";
export * from "./ops/dropout.ts";
export * from "./ops/einops.ts";
export * from "./ops/einsum.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/groupNorm.ts";
export * from "./ops/indexing.ts";
export { type InterpolateMode, type InterpolateOptions, interpolate } from "./ops/interpolate.ts";
export * from "./ops/join.ts";
export * from "./ops/loss.ts";
export * from "./ops/maskedSelect.ts";
export * from "./ops/matmul.ts";
export * from "./ops/norm.ts";
export * from "./ops/pad.ts";
export * from "./ops/nearZero.ts";
export * from "./ops/pointwise.ts";
export * from "./ops/pool.ts";
export { all, amax, amin, any, argmax, argmin, cumsum, mean, sum, variance } from "./ops/reduce.ts";
export * from "./ops/reorder.ts";
export * from "./ops/rope.ts";
export * from "./ops/scatter.ts";
export * from "./ops/scatterReduce.ts";
export * from "./ops/softmax.ts";
export { type Ordered, sort, topk } from "./ops/sort.ts";
export * from "./ops/statistics.ts";
export { squaredNorms, type UpdateRule, updateRule } from "./ops/update.ts";
export * from "./ops/views.ts";
export { keep, memory, type Scope, scope } from "./scope.ts";
export { writeInto } from "./turned.ts";
export { commonBackend, empty, Tensor, type TensorLike } from "./tensor.ts";
