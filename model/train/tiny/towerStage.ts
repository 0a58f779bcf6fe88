import { Module } from "../../../nn/module.ts";
import { rearrange, type Tensor } from "../../../tensor/index.ts";
import type { InfiMMConfig } from "../../config/config.ts";
import { mediaPlaces } from "../../crossAttention/media.ts";
import { EVAVisionTransformer } from "../../evaClip/evaVisionTransformer.ts";
import { languageModelLoss } from "../../infimm.ts";
import { idTensor, modelInputs } from "../../inputs.ts";
import { CausalLanguageModel } from "../../language/languageModel.ts";
import { type Batch, countTargets } from "../batch.ts";
import type { Document, Records } from "../documents.ts";
import type { Task } from "../objective.ts";
import { Draw } from "../world/draw.ts";
import { render } from "../world/render.ts";
import { drawScene } from "../world/scene.ts";
import type { Sprites } from "../world/sprites.ts";
import { writtenScene } from "../world/text.ts";

const DECODER_LAYERS = 2;

/**
 * The tower and a decoder that is thrown away: it says what is where, so that the tower's tokens come to hold it. This
 * stands in for CLIP's pretraining with captions.
 */
export class TowerTeacher extends Module {
  vision_encoder: EVAVisionTransformer;
  decoder: CausalLanguageModel;
  readonly config: InfiMMConfig;

  constructor(config: InfiMMConfig) {
    super();
    this.vision_encoder = new EVAVisionTransformer(config.visual);
    const { layer_types } = config.language;
    const language = {
      ...config.language,
      num_hidden_layers: DECODER_LAYERS,
      layer_types: layer_types.slice(0, DECODER_LAYERS),
    };
    this.decoder = new CausalLanguageModel({ ...config, language, cross_attn_every_n_layers: 1 });
    this.config = config;
  }

  /** Pictures [b, 1, 1, 3, s, s] and token ids [b, t] -> logits [b, t, vocab] */
  forward(pixelValues: Tensor, inputIds: Tensor): Tensor {
    const pictures = rearrange(pixelValues, "b 1 1 c y x -> b c y x"); // [b, 3, s, s]
    const seen = this.vision_encoder.call(pictures); // [b, v, w]
    const features = rearrange(seen, "b v w -> b 1 v w"); // [b, 1, v, w]
    const media = { features, ...mediaPlaces(inputIds, this.config.image_token_id) };
    return this.decoder.call({ inputIds }, media); // [b, t, vocab]
  }
}

/** Saying what is where in a picture. */
export function towerTask(teacher: TowerTeacher): Task<Batch> {
  return {
    targets: ({ labels }) => countTargets(labels),
    loss: (batch) => {
      const { backend } = teacher.vision_encoder.cls_token;
      const { pixelValues, inputIds } = modelInputs(batch, backend);
      return languageModelLoss(teacher.call(pixelValues, inputIds), idTensor(batch.labels, backend));
    },
  };
}

/** Pictures with the written scene, in reading order, as their caption. */
export function groundedCaptions(options: { length: number; sprites: Sprites; seed: number | string }): Records {
  const source = `world grounded ${options.seed}`;
  return {
    source,
    length: options.length,
    async at(index): Promise<Document> {
      const scene = drawScene(new Draw(`grounded ${options.seed} ${index}`));
      const pixels = render(scene, new Draw(`grounded picture ${options.seed} ${index}`), options.sprites);
      const parts = [{ pixels }, { text: writtenScene(scene), learn: true }];
      return { id: `${index}`, source, layout: "pair", parts };
    },
  };
}
