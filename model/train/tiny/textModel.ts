import { type Tensor, zeros } from "../../../tensor/index.ts";
import type { InfiMMConfig } from "../../config/config.ts";
import { mediaPlaces } from "../../crossAttention/media.ts";
import { InfiMM } from "../../infimm.ts";

/** The model without a layer that looks: its language model alone, under the same names. */
export function textModel(config: InfiMMConfig): InfiMM {
  return new InfiMM({ ...config, cross_attn_every_n_layers: config.language.num_hidden_layers + 1 });
}

/** Token ids -> logits, of a model in which no layer looks. */
export function textLogits(model: InfiMM, inputIds: Tensor): Tensor {
  const features = zeros([inputIds.shape[0], 1, 1, model.config.visual.width], "f32", model.backend); // [b, 1, 1, w]
  const media = { features, ...mediaPlaces(inputIds, model.config.image_token_id) };
  return model.model.lang_encoder.call({ inputIds }, media); // [b, t, vocab]
}
