"""The four tiny models of the committed golden sets, their cases, and what of each run is kept.

Every architectural choice of a released model is there; only the sizes are small. The resampler's sizes (6 layers,
8 heads of 64, 64 latents) and the cross-attention's heads are fixed in the original code, so they are the real ones.
"""

from dataclasses import dataclass, field

import torch

from recipe import rnd

IMAGE, END_OF_CHUNK = 41, 40


def _language(kind, layers, **fields):
    base = {
        "architectures": ["MistralForCausalLM" if kind == "mistral" else "LlamaForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": 32,
        "initializer_range": 0.02,
        "intermediate_size": 48,
        "max_position_embeddings": 128,
        "model_type": kind,
        "num_attention_heads": 4,
        "num_hidden_layers": layers,
        "num_key_value_heads": 4,
        "pad_token_id": 2,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": 42,
    }
    return {**base, **fields}


def _config(model_type, every, visual, language):
    return {
        "model_type": model_type,
        "seq_length": 128,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_flash_attn": False,
        "cross_attn_every_n_layers": every,
        "use_grad_checkpoint": False,
        "freeze_llm": True,
        "image_token_id": IMAGE,
        "eoc_token_id": END_OF_CHUNK,
        "visual": visual,
        "language": language,
    }


_L_TOWER = {
    "image_size": 42,
    "layers": 2,
    "width": 32,
    "head_width": 16,
    "patch_size": 14,
    "mlp_ratio": 2.6667,
    "eva_model_name": "eva-clip-l-14-336",
    "drop_path_rate": 0.0,
    "xattn": False,
    "fusedLN": True,
    "rope": True,
    "pt_hw_seq_len": 16,
    "intp_freq": True,
    "naiveswiglu": True,
    "subln": True,
    "embed_dim": 12,
}
_G_TOWER = {
    "image_size": 28,
    "layers": 2,
    "width": 24,
    "head_width": 12,
    "patch_size": 14,
    "mlp_ratio": 4.3637,
    "eva_model_name": "eva-clip-g-14",
    "drop_path_rate": 0.0,
    "xattn": False,
    "fusedLN": True,
    "embed_dim": 12,
}
_E_TOWER = {
    **_G_TOWER,
    "mlp_ratio": 8.571428571428571,
    "eva_model_name": "eva-clip-4b-14-x",
    "postnorm": True,
    "fusedLN": False,
}

CONFIGS = {
    "tiny-zephyr": _config(
        "infimm-zephyr", 2, _L_TOWER, _language("mistral", 4, num_key_value_heads=2, sliding_window=4096)
    ),
    "tiny-llama": _config("infimm-llama", 4, _G_TOWER, _language("llama", 4, vocab_size=43, pad_token_id=42)),
    "tiny-vicuna": _config("infimm-vicuna", 4, _E_TOWER, _language("llama", 8, pad_token_id=0)),
    "tiny-hd": _config("infimm-hd", 4, _E_TOWER, _language("llama", 8, pad_token_id=0)),
}


# ---- cases ------------------------------------------------------------------------------------------------------


def cases(name, config):
    """{case: inputs} of a tiny set. Pixels are r in [-1, 1) of the key `<set>/<case>/pixel_values`."""
    size, pad = config["visual"]["image_size"], config["language"]["pad_token_id"]
    image, chunk = config["image_token_id"], config["eoc_token_id"]

    def inputs(case, rows, images):
        """Rows are padded on the left; row b has images[b] pictures, and zeros for the missing ones."""
        length, count = max(map(len, rows)), max(images)
        pixels = rnd(f"{name}/{case}/pixel_values", (len(rows), count, 1, 3, size, size))
        for row, present in enumerate(images):
            pixels[row, present:] = 0
        padded = [[pad] * (length - len(row)) + row for row in rows]
        mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
        return {
            "pixel_values": pixels,
            "input_ids": torch.tensor(padded),
            "attention_mask": torch.tensor(mask),
        }

    # ids chosen so that no model of the four writes an <image> token and most of them write varied ones
    made = {
        "one_image": ([[1, chunk, image, 27, 35, 11, 36, 38]], [1]),
        "interleaved": ([[1, 29, 15, chunk, image, 19, 35, chunk, image, 4, 17, chunk, image, 12, 5, 13]], [3]),
        "left_padded": (
            [
                [1, 35, chunk, image, 22, 30, 35, chunk, image, 23, 3, 10],
                [1, chunk, image, 22, 37, 28, 24, 39],
                [1, 10, 27, 27, 16, 38],
            ],
            [2, 1, 0],
        ),
        "text_only": ([[1, 10, 16, 8, 5, 3, 3]], [1]),
        "more_tokens_than_images": ([[1, image, 28, 31, image, 36, 20, image, 19, 23]], [2]),
    }
    built = {case: inputs(case, *spec) for case, spec in made.items()}
    built["text_only"]["pixel_values"] = black(size)
    return built


def black(size):
    """The one picture of a prompt without pictures: a black image, normalised (float32 steps, as in the processor)."""
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711])
    return ((torch.zeros(3) - mean) / std).reshape(1, 1, 1, 3, 1, 1).expand(1, 1, 1, 3, size, size).contiguous()


# ---- what is stored ---------------------------------------------------------------------------------------------


@dataclass
class Keep:
    """Which tensors of a case are stored: outputs and taps of at most `limit` numbers of modules with children, with
    `leaves` of all modules; with `inputs` the inputs of modules with children; and whatever fits a pattern of
    `always` or `grads`."""

    leaves: bool = False
    inputs: bool = False
    limit: int = 4096
    always: list = field(default_factory=list)
    grads: list = field(default_factory=list)


def keeps(name, config):
    """{case: Keep}. `one_image` has every path (in tiny-zephyr also the large ones of one resampler layer and one
    cross-attention block), `interleaved` has gradients."""
    first = config["cross_attn_every_n_layers"] - 1
    layer = f"model.lang_encoder.model.layers.{first}"
    large = ["model.perceiver.layers.0.*", f"{layer}.gated_cross_attn_layer*"] if name == "tiny-zephyr" else []
    ends = ["model.perceiver", "model.lang_encoder.model.norm", "model.lang_encoder.model.embed_tokens"]
    grads = ["model.perceiver.latents", "model.perceiver.layers.0.0.norm_*", "model.perceiver.layers.0.0.to_out.weight"]
    grads += ["model.perceiver.layers.0.1.*", "model.perceiver.norm.*", f"{layer}.*", "*layers.0.decoder_layer.*"]
    grads += ["*.embed_tokens.weight", "*.lm_head.weight", "model.lang_encoder.model.norm.weight", "*_gate"]
    return {
        "one_image": Keep(leaves=True, inputs=True, always=ends + large),
        "interleaved": Keep(limit=2048, always=ends + [f"{layer}.gated_cross_attn_layer.attn:attn"], grads=grads),
        "left_padded": Keep(limit=2048, always=ends),
        "text_only": Keep(limit=2048, always=ends),
        "more_tokens_than_images": Keep(limit=2048, always=ends),
    }
