/**
 * The terms of this gate's gradient cancel to 1/442 of their sizes' sum, so that rounding each of them once, by 2^-24, may
 * move it by 2.6e-5. Replacing any one kernel by cpu's, which sums in doubles, moves it by anything from -1e-5 to 2.5e-5:
 * what the bar of 1e-5 finds there is chance. PyTorch's f32 was lucky (4e-7), and so is cpu (9.3e-6).
 */
export const CANCELS = { "tiny-zephyr interleaved model.lang_encoder.model.layers.3.gated_cross_attn_layer.ff_gate": 442 * 2 ** -24 }; // biome-ignore format: one line
