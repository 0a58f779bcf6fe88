import { InfimmError, ShapeError } from "../../core/errors.ts";
import { checked } from "../../core/knownNames.ts";
import { addmm, clamp, norm, type Tensor, updateRule } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import { AdamW, type AdamWOptions } from "./adamW.ts";
import type { OptimizerUpdate } from "./optimizer.ts";

/** Options of Muon. */
export interface MuonOptions extends AdamWOptions {
  /** Patterns of names (glob.ts): of what they match, the matrices of hidden layers, this rule; of all else, AdamW's. */
  readonly hidden: readonly string[];
  /** How slowly the running mean of a matrix's gradient forgets. Default 0.95. */
  readonly momentum?: number;
}

const remember = updateRule("rememberedMean(m, g, share) = m + share * (g - m)");
const move = updateRule("moved(p, direction, size, kept) = kept * p - size * direction");

/**
 * Muon (Jordan et al., 2024) for matrices of hidden layers, AdamW for everything else. A matrix moves along its running
 * mean of gradients (Nesterov's), made orthogonal: as far in directions that gradients seldom show as in all others.
 *
 * The update rule of torch.optim.Muon with `adjust_lr_fn="match_rms_adamw"` (Liu et al., "Muon is Scalable for LLM
 * Training", 2025), so that one learning rate and one decay serve both. PyTorch rounds the iteration to bf16; this does not.
 *
 *     const optimizer = new Muon(model, { lr: 2e-3, hidden: ["model.lang_encoder.model.layers.**"] });
 */
export class Muon extends AdamW {
  private readonly hidden: readonly RegExp[];
  private readonly momentum: number;

  constructor(model: Module | ReadonlyMap<string, Tensor>, options: MuonOptions) {
    checked("Muon", options, [
      "hidden",
      "momentum",
      "betas",
      "eps",
      "decoupled",
      "lr",
      "weightDecay",
      "groups",
      "masters",
    ]);
    const { hidden, momentum = 0.95, ...others } = options;
    if (!Array.isArray(hidden) || hidden.length === 0) {
      throw new InfimmError(
        `Muon: expected hidden: patterns of names, as ["**.layers.**"], got ${JSON.stringify(hidden)}`,
      );
    }
    super(model, others);
    this.hidden = this.matchersOf(hidden);
    this.momentum = momentum;
  }

  protected override update(updates: readonly OptimizerUpdate[]): void {
    const isHidden = ({ name, parameter }: OptimizerUpdate) =>
      parameter.rank === 2 && this.hidden.some((matcher) => matcher.test(name));
    super.update(updates.filter((update) => !isHidden(update)));
    const matrices = updates.filter(isHidden);
    const means = matrices.map((update) => this.remembered(update, "momentum_buffer"));
    remember(matrices.map(({ grad }, i) => [means[i], grad, 1 - this.momentum]));
    move(
      matrices.map(({ parameter, grad, lr, weightDecay }, i) => {
        const ahead = means[i].sub(means[i].sub(grad).mul(1 - this.momentum));
        const size = 0.2 * lr * Math.sqrt(Math.max(...parameter.shape));
        return [parameter, orthogonalized(ahead), size, 1 - lr * weightDecay];
      }),
    );
  }
}

/** Of a·x + b·x³ + c·x⁵, whose iteration carries all singular values near 1 (Jordan, 2024). */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;
const EPS = 1e-7;

/** A matrix [m, n] with the same singular vectors, whose singular values are between about 0.7 and 1.2. */
export function orthogonalized(matrix: Tensor): Tensor {
  if (matrix.rank !== 2) throw new ShapeError(`orthogonalized: expected a matrix, got ${matrix}`);
  const [m, n] = matrix.shape;
  if (m > n) return orthogonalized(matrix.transpose(0, 1)).transpose(0, 1); // the smaller product
  let x = matrix.div(clamp(norm(matrix), EPS)); // [m, n]
  for (let i = 0; i < ITERATIONS; i++) {
    const gram = x.matmul(x.transpose(0, 1)); // [m, m]
    x = addmm(x, addmm(gram, gram, gram, { beta: B, alpha: C }), x, { beta: A }); // [m, n]
  }
  return x;
}
