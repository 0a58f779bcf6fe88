import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import { applyRope, concat, slice, type Tensor } from "../../tensor/index.ts";

/**
 * Rotary positions on the grid of patches: rows turn the first half of a head's channels, columns the second.
 * EVA-02 (Fang et al., 2023), eva_vit.py: VisionRotaryEmbeddingFast. Its tables are part of the checkpoint.
 */
export class VisionRotaryEmbedding extends Module {
  freqs_cos: Tensor; // [p, e]
  freqs_sin: Tensor; // [p, e]

  constructor(grid: number, headDim: number) {
    super();
    this.freqs_cos = parameter(grid * grid, headDim);
    this.freqs_sin = parameter(grid * grid, headDim);
  }

  override get bufferNames() {
    return ["freqs_cos", "freqs_sin"];
  }

  /** Queries or keys of the patches. */
  forward(x: Tensor): Tensor {
    return applyRope(x, this.freqs_cos, this.freqs_sin, "adjacent"); // [b, h, p, e]
  }
}

/** Queries or keys of all tokens: CLS, the first of them, has no place on the grid and is left as it is. */
export function rotatePatches(x: Tensor, rope: UnaryModule): Tensor {
  const cls = slice(x, 2, 0, 1); // [b, h, 1, e]
  const patches = rope.call(slice(x, 2, 1)); // [b, h, p, e]
  return concat([cls, patches], 2); // [b, h, 1+p, e]
}

/**
 * The tables of a grid, for checkpoints that lack them. Computed in doubles: 1,152 angles cost nothing.
 *
 * @param ptSeqLen the grid is mapped to positions [0, ptSeqLen), so that a model trained on a 16 x 16 grid sees
 *   the same range of positions on a finer one
 * @returns cos and sin, each [grid², headDim] in row-major order
 */
export function ropeTables(grid: number, headDim: number, ptSeqLen: number): { cos: Float32Array; sin: Float32Array } {
  const half = headDim / 2;
  const cos = new Float32Array(grid * grid * headDim);
  const sin = new Float32Array(grid * grid * headDim);
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      for (let channel = 0; channel < headDim; channel++) {
        const position = ((channel < half ? row : column) / grid) * ptSeqLen;
        const pair = Math.floor((channel % half) / 2);
        const angle = position * 10000 ** ((-2 * pair) / half);
        const at = (row * grid + column) * headDim + channel;
        cos[at] = Math.cos(angle);
        sin[at] = Math.sin(angle);
      }
    }
  }
  return { cos, sin };
}
