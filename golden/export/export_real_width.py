"""Writes golden/fixtures/real-width: single blocks of the released models at their real widths.

    python export_real_width.py --original CLONE --out ../fixtures/real-width

Weights and inputs are not stored: both sides make them by recipe (recipe.py, and the README that is written beside the
numbers). Outputs are float64 runs of the original modules, reduced to a few statistics and 4096 sampled values.
"""

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import MistralConfig
from transformers.models.mistral.modeling_mistral import MistralDecoderLayer, MistralRotaryEmbedding

import observe
from export_set import source
from files import write_json, write_tensors
from original import zephyr_package
from recipe import rnd, uniform

SAMPLES = 4096
CHUNK = 1 << 22


@dataclass
class Block:
    name: str
    what: str
    make: Callable
    """() -> the module"""
    forward: Callable
    """(module, **inputs) -> output"""
    inputs: dict
    """{name: shape}, values r of the key `<block>/input/<name>`"""
    inner: list
    """paths of modules whose outputs are sampled too"""


def blocks(package):
    vision, helpers = package("eva_vit"), package("helpers")
    norm = partial(nn.LayerNorm, eps=1e-6)
    rope = lambda: vision.VisionRotaryEmbeddingFast(dim=32, pt_seq_len=16, ft_seq_len=24)
    tower = lambda dim, ratio, **flags: vision.Block(dim, 16, ratio, qkv_bias=True, norm_layer=norm, **flags)
    call = lambda module, x: module(x)

    def resample(layer, x, latents):
        attention, feed_forward = layer
        latents = attention(x, latents) + latents
        return feed_forward(latents) + latents

    def cross(block, x, media):
        where = torch.zeros(x.shape[:2], dtype=torch.bool)
        where[:, 2] = True
        return block(x, media, media_locations=where)

    return [
        Block(
            "eva-l-block",
            "one block of the L tower (336 px): 577 tokens, SwiGLU, sub-LN, 2-D rope on 24 x 24 patches",
            lambda: tower(1024, 2.6667, rope=rope(), subln=True, naiveswiglu=True),
            call,
            {"x": (1, 577, 1024)},
            ["attn", "mlp"],
        ),
        Block(
            "eva-g-block",
            "one block of the g tower (224 px): 257 tokens, fused qkv, GELU, pre-norm",
            lambda: tower(1408, 4.3637),
            call,
            {"x": (1, 257, 1408)},
            ["attn", "mlp"],
        ),
        Block(
            "eva-e-block",
            "one block of the E tower (224 px): 257 tokens, fused qkv, GELU, post-norm",
            lambda: tower(1792, 8.571428571428571, postnorm=True),
            call,
            {"x": (1, 257, 1792)},
            ["attn", "mlp"],
        ),
        Block(
            "resampler-layer",
            "one resampler layer, latents = 0(x, latents) + latents; latents = 1(latents) + latents",
            lambda: nn.ModuleList([helpers.PerceiverAttention(dim=1024), helpers.FeedForward(1024)]),
            resample,
            {"x": (1, 1, 577, 1024), "latents": (1, 1, 64, 1024)},
            ["0", "1"],
        ),
        Block(
            "cross-block",
            "one gated cross-attention block of Zephyr; the <image> token stands at position 2",
            lambda: helpers.GatedCrossAttentionBlock(dim=4096, dim_visual=1024),
            cross,
            {"x": (1, 16, 4096), "media": (1, 1, 64, 1024)},
            ["attn", "ff"],
        ),
        Block(
            "mistral-layer",
            "one decoder layer of Zephyr, 16 tokens at positions 0..15, causal",
            lambda: MistralDecoderLayer(MISTRAL, layer_idx=0),
            decode,
            {"x": (1, 16, 4096)},
            ["self_attn", "mlp"],
        ),
    ]


MISTRAL = MistralConfig(
    hidden_size=4096,
    intermediate_size=14336,
    num_attention_heads=32,
    num_key_value_heads=8,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    attn_implementation="eager",
)


def decode(layer, x):
    rotary = MistralRotaryEmbedding(MISTRAL)
    if x.dtype == torch.float64:
        rotary.inv_freq = observe.rope_frequencies(MISTRAL)
    tokens = x.shape[1]
    mask = torch.full((1, 1, tokens, tokens), torch.finfo(x.dtype).min, dtype=x.dtype).triu(1)
    positions = torch.arange(tokens)[None]
    return layer(x, attention_mask=mask, position_embeddings=rotary(x, positions))


# ---- weights ----------------------------------------------------------------------------------------------------


@torch.no_grad()
def fill(module, block):
    """Every parameter by the key `<block>/<parameter>`; see RULES."""
    for name, parameter in module.named_parameters():
        offset, scale = value_rule(name, tuple(parameter.shape))
        flat = parameter.view(-1).numpy()
        for at in range(0, flat.size, CHUNK):
            u = uniform(f"{block}/{name}", np.arange(at, min(at + CHUNK, flat.size)))
            flat[at : at + CHUNK] = (offset + (2.0 * u - 1.0) * scale).astype(np.float32)


def value_rule(name, shape):
    """(offset, scale) of offset + r * scale, both float64."""
    if name.endswith("gate"):
        return 0.0, 0.5
    if len(shape) > 1:
        return 0.0, 1.5 / float(np.sqrt(np.prod(shape[1:])))
    return (1.0, 0.1) if name.endswith("weight") else (0.0, 0.1)


RULES = """# Blocks at real width

Made by `golden/export/export_real_width.py`. Nothing but results is stored; make weights and inputs as follows, then
compare with `real-width.json` and `real-width.safetensors`.

- `r(key, i)`: the recipe of `golden/export/recipe.py`. FNV-1a (32 bit, offset 0x811C9DC5, prime 0x01000193) over the
  UTF-8 bytes of `key` is the seed; element `i` (row-major, from 0) has the mulberry32 state
  `(seed + (i + 1) * 0x6D2B79F5) mod 2^32`; then `t = imul(t ^ t>>>15, t | 1)`, `t ^= t + imul(t ^ t>>>7, t | 61)`,
  `u = (t ^ t>>>14) / 2^32` and `r = 2 u - 1`.
- A parameter's key is `<block>/<parameter>`, e.g. `eva-l-block/attn.q_proj.weight`; names and shapes are in the JSON.
  Its value is, computed in float64 and rounded once to float32:
  - name ends in `gate`: `0.5 r`
  - two or more dimensions: `r * (1.5 / sqrt(fan_in))`, fan_in = the product of all dimensions but the first
  - one dimension and the name ends in `weight`: `1 + 0.1 r`
  - any other (biases): `0.1 r`
- An input's key is `<block>/input/<name>`, its value `r`, rounded to float32.
- The rotary tables: the L tower's as its class computes them in float32 (24 x 24 patches, 16 pretrained, head 64);
  the language model's in float64 for the float64 run.
- Per output (`output` is the block's, the others those of the named inner modules) the JSON has shape, mean, std
  (divided by n), abs_mean, norm (2-norm) and float32_error = ||float32 - float64|| / ||float64|| of PyTorch's own
  float32 run. The safetensors key `<block>/<output>` holds the float64 values (as float32) at 4096 positions of the
  flattened output: position j is `floor(u * n)` with `u` of the key `<block>/samples/<output>` and element `j`.
"""


# ---- running ----------------------------------------------------------------------------------------------------


def run(block, module, dtype):
    """{output: tensor} of one dtype."""
    inputs = {name: rnd(f"{block.name}/input/{name}", shape).to(dtype) for name, shape in block.inputs.items()}
    with torch.no_grad(), observe.True64() if dtype == torch.float64 else nullcontext():
        with observe.Observer(module) as seen:
            output = block.forward(module, **inputs)
    return {"output": output} | {path: seen.activations[path] for path in block.inner}


def export(block):
    """({tensor key: samples}, report) of a block."""
    module = block.make().eval()
    fill(module, block.name)
    single = run(block, module, torch.float32)
    exact = run(block, module.double(), torch.float64)
    tensors, outputs = {}, {}
    for path, y in exact.items():
        flat = y.flatten()
        where = np.floor(uniform(f"{block.name}/samples/{path}", np.arange(SAMPLES)) * flat.numel()).astype(np.int64)
        tensors[f"{block.name}/{path}"] = flat[torch.from_numpy(where)].float()
        outputs[path] = {
            "shape": list(y.shape),
            "mean": flat.mean().item(),
            "std": flat.std(correction=0).item(),
            "abs_mean": flat.abs().mean().item(),
            "norm": flat.norm().item(),
            "float32_error": float(f"{observe.relative_error(single[path], y):.3g}"),
        }
    return tensors, {
        "what": block.what,
        "inputs": {name: list(shape) for name, shape in block.inputs.items()},
        "parameters": {name: list(p.shape) for name, p in module.named_parameters()},
        "outputs": outputs,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    tensors, report = {}, {}
    for block in blocks(zephyr_package(args.original)):
        made, report[block.name] = export(block)
        tensors |= made
        print(
            block.name,
            {path: (o["std"], o["float32_error"]) for path, o in report[block.name]["outputs"].items()},
            flush=True,
        )
    write_tensors(out / "real-width.safetensors", tensors)
    write_json(out / "real-width.json", {"format": 1, "source": source(args.original), "blocks": report})
    (out / "README.md").write_text(RULES)


if __name__ == "__main__":
    main()
