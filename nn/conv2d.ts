import { conv2d, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** Two-dimensional convolution, as torch.nn.Conv2d, of the kind that cuts a picture into patches: stride = kernel. */
export class Conv2d extends Module {
  weight: Tensor; // [out, in, k, k]
  bias: Tensor; // [out]
  readonly stride: number;

  constructor(inChannels: number, outChannels: number, { kernelSize, stride }: { kernelSize: number; stride: number }) {
    super();
    this.weight = parameter(outChannels, inChannels, kernelSize, kernelSize);
    this.bias = parameter(outChannels);
    this.stride = stride;
  }

  /** [b, in, h, w] -> [b, out, h', w'] */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, { stride: this.stride });
  }
}
