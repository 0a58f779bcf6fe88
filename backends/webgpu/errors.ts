import { InfimmError } from "../../core/errors.ts";

/** No adapter, a validation error, or anything else that WebGPU refuses. */
export class WebgpuError extends InfimmError {
  override name = "WebgpuError";
}

/** More memory than the device gives. The message says how much was asked for, and the limit. */
export class OutOfMemoryError extends WebgpuError {
  override name = "OutOfMemoryError";
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MiB`;
}

/** The error of a kernel that cannot work on part of a tensor, such as one row of a softmax. */
export function tooLarge(bytes: number, limit: number): OutOfMemoryError {
  const [needed, have] = [bytes, limit].map(megabytes);
  return new OutOfMemoryError(`a kernel must see ${needed} of one tensor at once; this device binds ${have} at most`);
}

/** The device is gone (destroyed, crashed, unplugged). What was on it is lost; a new backend can be made. */
export class DeviceLostError extends WebgpuError {
  override name = "DeviceLostError";
}
