import type { TorchDtype } from "./torchDtypes.ts";
import { isDtype, isList, OddTensor, TorchStorage, TorchTensor } from "./torchObjects.ts";

/** The functions of torch._utils that a pickle calls to make tensors, with what we make instead. */

/** _rebuild_tensor(storage, storage_offset, size, stride) */
function rebuildTensor(storage: unknown, offset: unknown, shape: unknown, stride: unknown): TorchTensor {
  return makeTensor(storage, undefined, [offset, shape, stride], undefined);
}

/** _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None) */
function rebuildTensorV2(storage: unknown, ...args: unknown[]): TorchTensor {
  const [offset, shape, stride, , , metadata] = args;
  return makeTensor(storage, undefined, [offset, shape, stride], metadata);
}

/** _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None) */
function rebuildTensorV3(storage: unknown, ...args: unknown[]): TorchTensor {
  const [offset, shape, stride, , , dtype, metadata] = args;
  if (!isDtype(dtype)) throw new Error("a tensor without a dtype");
  return makeTensor(storage, dtype, [offset, shape, stride], metadata);
}

function makeTensor(
  storage: unknown,
  dtype: TorchDtype | undefined,
  [offset, shape, stride]: unknown[],
  metadata: unknown,
): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw new Error("a tensor without a storage");
  if (!isList([offset]) || !isList(shape) || !isList(stride) || shape.length !== stride.length)
    throw new Error("a tensor whose offset, shape or strides are not whole numbers, 0 or more, as many of each");
  const view = { dtype: dtype ?? storage.dtype, offset: offset as number, shape: [...shape], stride: [...stride] };
  return new TorchTensor(storage, view, metadata instanceof Map && metadata.get("neg") === true);
}

/** _rebuild_parameter(data, requires_grad, backward_hooks), and with_state: (…, state) */
function rebuildParameter(data: unknown): TorchTensor | OddTensor {
  if (data instanceof TorchTensor || data instanceof OddTensor) return data;
  throw new Error("a parameter without a tensor");
}

/** _rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad): of a TPU, say */
function rebuildDeviceTensor(data: unknown, dtype: unknown): TorchTensor | OddTensor {
  const tensor = rebuildParameter(data);
  if (tensor instanceof OddTensor || tensor.view.dtype === dtype) return tensor;
  return new OddTensor(`stored in another dtype than it has; save it with .cpu()`);
}

const odd = (what: string) => (): OddTensor => new OddTensor(what);

/** By their names in torch._utils. */
export const REBUILDERS: Readonly<Record<string, (...args: unknown[]) => TorchTensor | OddTensor>> = {
  _rebuild_tensor: rebuildTensor,
  _rebuild_tensor_v2: rebuildTensorV2,
  _rebuild_tensor_v3: rebuildTensorV3,
  _rebuild_parameter: rebuildParameter,
  _rebuild_parameter_with_state: rebuildParameter,
  _rebuild_device_tensor_from_cpu_tensor: rebuildDeviceTensor,
  _rebuild_device_tensor_from_numpy: odd("made from a NumPy array; save it with .cpu()"),
  _rebuild_qtensor: odd("quantised by PyTorch; save it with .dequantize()"),
  _rebuild_sparse_tensor: odd("a sparse tensor; save it with .to_dense()"),
  _rebuild_nested_tensor: odd("a nested tensor; save its parts, t.unbind(), each under a name"),
  _rebuild_meta_tensor_no_storage: odd("on the meta device: it has a shape and no values; load the weights first"),
  _rebuild_wrapper_subclass: odd("of a class of its own; save a plain tensor, for example t.full_tensor()"),
};

/** torch._tensor._rebuild_from_type_v2(func, type, args, state): a tensor with attributes, which are notes. */
export function rebuildFromType(rebuild: unknown, _type: unknown, args: unknown): TorchTensor | OddTensor {
  const known = Object.values(REBUILDERS).find((one) => one === rebuild);
  if (!known || !Array.isArray(args)) throw new Error("a tensor that is made by no function of PyTorch's");
  return known(...args);
}
