import { InfimmError } from "../../core/errors.ts";

/** No adapter, a validation error, or anything else that WebGPU refuses. */
export class WebgpuError extends InfimmError {
  override name = "WebgpuError";
}

/** More memory than the device gives. The message says how much was asked for, and the limit. */
export class OutOfMemoryError extends WebgpuError {
  override name = "OutOfMemoryError";
}

/** The device is gone (destroyed, crashed, unplugged). What was on it is lost; a new backend can be made. */
export class DeviceLostError extends WebgpuError {
  override name = "DeviceLostError";
}
