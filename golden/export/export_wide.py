"""Writes golden/fixtures/wide: a whole model of few layers whose widths, heads, pictures and prompts are as real ones.

    python export_wide.py --original CLONE --out ../fixtures/wide

Heads of 64, pictures of 257 tokens, up to eight in a batch and six in a prompt, rows padded on the left, a prompt of 600
tokens. Weights and pictures are made by recipe (the rules of export_real_width.py, key `wide/<parameter>`) and not
stored; activations, in float64, are sampled at positions of the recipe, too.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import observe
import recipe
from export_generation import decode
from export_real_width import value_rule
from export_set import source
from files import write_json, write_tensors
from original import build, parameters_of
from recipe import rnd, uniform

NAME, SAMPLES = "wide", 1024
IMAGE, END_OF_CHUNK, PAD = 199, 198, 2

CONFIG = {
    "model_type": "infimm-zephyr",
    "cross_attn_every_n_layers": 2,
    "image_token_id": IMAGE,
    "eoc_token_id": END_OF_CHUNK,
    "use_flash_attn": False,
    "use_grad_checkpoint": False,
    "freeze_llm": True,
    "visual": {
        "image_size": 224, "layers": 1, "width": 128, "head_width": 64, "patch_size": 14, "mlp_ratio": 2.6667,
        "eva_model_name": "eva-clip-l-14-336", "drop_path_rate": 0.0, "xattn": False, "fusedLN": True, "rope": True,
        "pt_hw_seq_len": 16, "intp_freq": True, "naiveswiglu": True, "subln": True, "embed_dim": 12,
    },
    "language": {
        "model_type": "mistral", "hidden_size": 256, "intermediate_size": 384, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 200, "max_position_embeddings": 1024,
        "sliding_window": 256, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu",
        "bos_token_id": 1, "eos_token_id": 0, "pad_token_id": PAD, "tie_word_embeddings": False, "use_cache": True,
    },
}  # fmt: skip

LAYER = "model.lang_encoder.model.layers.1"
PATHS = [
    "model.vision_encoder.blocks.0.attn", "model.vision_encoder", "model.perceiver.layers.0.0", "model.perceiver",
    "model.lang_encoder.model.layers.0.decoder_layer.self_attn", f"{LAYER}.gated_cross_attn_layer.attn",
    f"{LAYER}.gated_cross_attn_layer", f"{LAYER}.decoder_layer.self_attn", f"{LAYER}.decoder_layer.mlp", LAYER,
    "model.lang_encoder.model.norm",
]  # fmt: skip

# rows of a case: how many tokens each has, and how many pictures, evenly spread among them
CASES = {"eight_rows": [(24, 1)] * 8, "left_padded": [(70, 6), (33, 2), (12, 0)], "long": [(600, 6)]}
RUNS = [
    ("left_padded", {"max_new_tokens": 6, "num_beams": 1}),
    ("left_padded", {"max_new_tokens": 5, "num_beams": 4, "length_penalty": 0.0, "num_return_sequences": 2}),
    ("long", {"max_new_tokens": 6, "num_beams": 1}),
    ("long", {"max_new_tokens": 5, "num_beams": 4, "length_penalty": 1.0, "num_return_sequences": 3}),
    ("eight_rows", {"max_new_tokens": 6, "num_beams": 1}),
]


def tokens_of(case, row, length, pictures):
    """Varied tokens that are no special one, with a picture at the beginning of each of so many stretches."""
    ids = (3 + np.floor(uniform(f"{NAME}/{case}/{row}", np.arange(length)) * 190)).astype(int).tolist()
    ids[0] = 1
    for i in range(pictures):
        at = 1 + i * (length - 1) // pictures
        ids[at : at + 2] = [END_OF_CHUNK, IMAGE]
    return ids


def inputs_of(case):
    """As in tiny.py: rows padded on the left, and zeros for missing pictures."""
    rows = [tokens_of(case, i, *spec) for i, spec in enumerate(CASES[case])]
    length, count = max(map(len, rows)), max(pictures for _, pictures in CASES[case])
    pixels = rnd(f"{NAME}/{case}/pixel_values", (len(rows), count, 1, 3, 224, 224))
    for row, (_, present) in enumerate(CASES[case]):
        pixels[row, present:] = 0
    padded = [[PAD] * (length - len(row)) + row for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return {"pixel_values": pixels, "input_ids": torch.tensor(padded), "attention_mask": torch.tensor(mask)}


@torch.no_grad()
def fill(model):
    for name, tensor in parameters_of(model).items():
        if not recipe.is_rope_buffer(name):
            offset, scale = value_rule(name, tuple(tensor.shape))
            u = uniform(f"{NAME}/{name}", np.arange(tensor.numel()))
            values = (offset + (2.0 * u - 1.0) * scale).astype(np.float32)
            tensor.copy_(torch.from_numpy(values.reshape(tuple(tensor.shape))))


def sampled(case, path, value):
    flat = value.flatten()
    where = np.floor(uniform(f"{NAME}/{case}/samples/{path}", np.arange(SAMPLES)) * flat.numel()).astype(np.int64)
    return flat[torch.from_numpy(where)].float()


def export(case, model, model64):
    """({key: tensor}, report) of a case."""
    inputs = inputs_of(case)
    exact, single = observe.run(model64, inputs, float64=True), observe.run(model, inputs, float64=False)
    values = {path: (exact.activations[path], single.activations[path]) for path in PATHS}
    values["logits"] = (exact.logits, single.logits)
    error = {path: observe.relative_error(theirs, value) for path, (value, theirs) in values.items()}
    error |= {"loss": observe.relative_error(single.loss, exact.loss)}
    error |= {f"grads/{key}": observe.relative_error(single.grads[key], value) for key, value in exact.grads.items()}
    tensors = {f"{case}/{path}": sampled(case, path, value) for path, (value, _) in values.items()}
    return tensors, {
        "input_ids": inputs["input_ids"].tolist(),
        "attention_mask": inputs["attention_mask"].tolist(),
        "pictures": [pictures for _, pictures in CASES[case]],
        "shapes": {path: list(value.shape) for path, (value, _) in values.items()},
        "norms": {path: value.norm().item() for path, (value, _) in values.items()},
        "loss": exact.loss.item(),
        "grad_norms": {key: float(f"{value.norm().item():.9g}") for key, value in exact.grads.items()},
        "float32_error": {key: float(f"{value:.3g}") for key, value in error.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    model = build(args.original, CONFIG)
    fill(model)
    model64 = observe.as_float64(model)
    tensors, report = {}, {}
    for case in CASES:
        made, report[case] = export(case, model, model64)
        tensors |= made
        print(case, report[case]["loss"], max(report[case]["float32_error"].values()), flush=True)
    runs = [{"case": case, **decode(model, model64, inputs_of(case), options)} for case, options in RUNS]
    for run in runs:
        print(run["case"], run["ids"], run["scores"])
    write_tensors(out / "wide.safetensors", tensors)
    write_json(out / "wide.json", {
        "format": 1, "source": source(args.original), "config": CONFIG, "cases": report, "runs": runs,
    })  # fmt: skip


if __name__ == "__main__":
    main()
