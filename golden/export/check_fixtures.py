"""Checks original.py and recipe.py against the numbers of a fixtures file (the project's specification, appendix A).

    python check_fixtures.py --original CLONE --hd CLONE

The file was made by others from the same rules with another harness and another transformers version, so agreement to
float32's precision shows that the originals are driven rightly here. Nothing is written; exit code 0 if all agree.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

import original
import recipe
import tiny
from observe import generate
from recipe import rnd

failures = []


def check(name, got, want, tolerance=1e-5):
    got, want = torch.as_tensor(got).double(), torch.tensor(want, dtype=torch.float64)
    same = got.shape == want.shape and bool(((got - want).abs() <= tolerance * (1 + want.abs())).all())
    print(f"{'ok  ' if same else 'FAIL'} {name}")
    if not same:
        failures.append(name)


def check_stats(name, value, want):
    check(f"{name} shape", torch.tensor(value.shape), want["shape"])
    check(f"{name} sum", value.double().sum(), want["sum"], 1e-4)
    check(f"{name} abs_sum", value.double().abs().sum(), want["abs_sum"])
    check(f"{name} first8", value.flatten()[:8], want["first8"])
    check(f"{name} last4", value.flatten()[-4:], want["last4"])


def by_recipe(module):
    recipe.fill(dict(module.named_parameters()), bf16=False)
    return module.eval()


def vision(package, size, width, heads, ratio, **flags):
    make = package("eva_vit").EVAVisionTransformer
    common = {"patch_size": 14, "num_classes": 12, "use_mean_pooling": False, "depth": 2, "qkv_bias": True}
    tower = make(
        size,
        embed_dim=width,
        num_heads=heads,
        mlp_ratio=ratio,
        **common,
        **flags,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
    )
    return by_recipe(tower)


@torch.no_grad()
def check_vision(package, fixtures):
    l_flags = {"rope": True, "pt_hw_seq_len": 16, "intp_freq": True, "naiveswiglu": True, "subln": True}
    towers = {
        "vitL_tiny": vision(package, 42, 32, 2, 2.6667, **l_flags),
        "vitg_tiny": vision(package, 28, 40, 2, 4.3637),
        "vitE_tiny": vision(package, 28, 40, 2, 8.571428571428571, postnorm=True),
    }
    for name, tower in towers.items():
        image = rnd("input.image", (2, 3, tower.image_size, tower.image_size))
        check_stats(f"{name} features", tower(image, return_all_features=True), fixtures[name]["all_features"])
        check(f"{name} head", tower(image).flatten(), fixtures[name]["pooled_head"])
    check("vitL_tiny rope", towers["vitL_tiny"].rope.freqs_sin[8], fixtures["vitL_tiny"]["rope_sin_row8"])
    large = package("eva_vit").VisionRotaryEmbeddingFast(32, 16, 24)
    check("rope_L336 sum of cos", large.freqs_cos.double().sum(), fixtures["rope_L336"]["sum_cos"], 1e-7)
    check("rope_L336 row 24", large.freqs_cos[24], fixtures["rope_L336"]["cos_row24"])


@torch.no_grad()
def check_connector(package, hd, fixtures):
    resampler = by_recipe(package("helpers").PerceiverResampler(dim=16, depth=2, dim_head=8, heads=2, num_latents=4))
    latents = resampler(rnd("input.features", (1, 2, 1, 5, 16)))
    check_stats("perceiver_tiny", latents, fixtures["perceiver_tiny"]["out_stats"])

    sizes = {"dim": 24, "dim_visual": 16, "dim_head": 8}
    block = by_recipe(package("helpers").GatedCrossAttentionBlock(**sizes, heads=2))
    text, media = rnd("input.text", (2, 6, 24)), rnd("input.media", (2, 2, 4, 16))
    cases = fixtures["xattn_tiny"]["cases"]
    for case in ("two_images", "no_image_in_sample1", "more_tokens_than_images"):
        where = torch.tensor(cases[case]["loc"]).bool()
        check_stats(f"xattn_tiny {case}", block(text, media, where) - text, cases[case]["delta"])
    where = torch.tensor(cases["two_images"]["loc"]).bool()
    delta = block(text[:, :1], media, where, use_cached_media=True) - text[:, :1]
    check_stats("xattn_tiny cached", delta, cases["cached_decode_first_token"]["delta"])

    block = by_recipe(hd("helpers").GatedCrossAttentionBlock(**sizes, heads=3))
    check_stats("xattn_hd_tiny", block(text, media, where) - text, fixtures["xattn_hd_tiny"]["delta"])


def check_model(clone, fixtures):
    model = original.build(clone, tiny.CONFIGS["tiny-zephyr"])
    tensors = original.parameters_of(model)
    shapes = {name: list(t.shape) for name, t in tensors.items() if not recipe.is_rope_buffer(name)}
    check("full_tiny names and shapes", torch.tensor(shapes == fixtures["shapes"]), True)
    recipe.fill(tensors, bf16=False)
    want = fixtures["full_tiny"]
    ids = torch.tensor(want["ids"])
    inputs = {
        "pixel_values": rnd("input.image", (1, 2, 1, 3, 42, 42)),
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
    }
    with torch.no_grad():
        output = model.model(inputs["pixel_values"], ids, inputs["attention_mask"], labels=ids)
    check_stats("full_tiny logits", output.logits, want["logits"])
    check("full_tiny loss", output.loss, want["loss"])
    check("full_tiny last logits", output.logits[0, -1], want["logits_last"])
    check("full_tiny greedy", generate(model, inputs, False, max_new_tokens=12)[0], want["greedy12"])
    beams = generate(model, inputs, False, max_new_tokens=6, num_beams=3, length_penalty=0.0)
    check("full_tiny beams", beams[0], want["beam3_lp0_6"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--hd", required=True, help="clone of InfiMM/mllm-hd")
    parser.add_argument("--fixtures", default="../fixtures/spec.json", help="the numbers to check against")
    args = parser.parse_args()
    torch.set_num_threads(1)
    fixtures = json.loads(Path(args.fixtures).read_text())
    check("generator", rnd("a", (5,)), fixtures["rng"]['rnd("a") first5'], 1e-7)
    zephyr, hd = original.zephyr_package(args.original), original.hd_package(args.hd)
    check_vision(zephyr, fixtures)
    check_connector(zephyr, hd, fixtures)
    check_model(args.original, fixtures)
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
