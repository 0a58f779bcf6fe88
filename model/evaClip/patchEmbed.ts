import { Conv2d } from "../../nn/conv2d.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import { rearrange, type Tensor } from "../../tensor/index.ts";

/** A picture as a row of patch vectors: a convolution whose stride is its kernel. eva_vit.py: PatchEmbed. */
export class PatchEmbed extends Module {
  proj: UnaryModule;

  constructor(patchSize: number, width: number) {
    super();
    this.proj = new Conv2d(3, width, { kernelSize: patchSize, stride: patchSize });
  }

  /** Pictures [b, 3, s, s] -> patches [b, p, w], row by row. */
  forward(pixels: Tensor): Tensor {
    const x = this.proj.call(pixels); // [b, w, y, x]
    return rearrange(x, "b w y x -> b (y x) w"); // [b, (y x), w]
  }
}
