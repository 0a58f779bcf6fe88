import {
  Generator, type InfiMM, type Initializer, initializeInfiMM, keep, type Module, scope,
} from "../../browser.ts"; // biome-ignore format: a list

/** A prototype: how its model is made, on the meta backend, and what is done once the weights are there. */
export interface Prototype {
  readonly make: (config: InfiMM["config"]) => InfiMM;
  readonly start?: (model: InfiMM, trained: Module) => void;
  /** How parameters of its own begin. */
  readonly rules?: Readonly<Record<string, Initializer>>;
  /** Whether resampler and cross-attention begin as they were trained, and not anew. */
  readonly keepsConnector?: boolean;
}

const CONNECTOR = /\.(perceiver|gated_cross_attn_layer)\./;

/** The model with infimm-tiny's tower and language model, where they fit, and what of it learns: all that is new. */
export function prepared(trained: InfiMM, { make, start, rules, keepsConnector = false }: Prototype) {
  const model = make(trained.config);
  initializeInfiMM(model, new Generator("prototypes"), { backend: trained.backend, rules });
  const frozen = new Set<string>();
  for (const [path, value] of trained.stateDict()) {
    const place = model.stateDict().get(path);
    if (!place || String(place.shape) !== String(value.shape) || (CONNECTOR.test(path) && !keepsConnector)) continue;
    model.setTensor(
      path,
      scope(() => keep(value.to("f32").mul(1))),
    );
    frozen.add(path);
  }
  start?.(model, trained);
  const learns = new Map([...model.parameters()].filter(([path]) => !frozen.has(path)));
  return { model, learns };
}
