"""Writes golden/fixtures/adamw: short training runs of tiny-zephyr, by PyTorch's own optimisers, in float64.

    python export_optimizers.py --original CLONE --out ../fixtures/adamw

Every run starts from the weights of ../fixtures/tiny-zephyr and takes its case `interleaved` as the only batch. As in
pretraining, the resampler and the cross-attention blocks learn, and weight decay falls only on parameters whose name
contains gated_cross_attn. Step s (from 0) has lr = max_lr * min(1, s / warmup), so the first update changes nothing but
the optimiser's state. The global gradient norm is clipped to 1: factor min(1, 1 / (norm + 1e-6)).
"""

import argparse
import copy
from contextlib import nullcontext
from pathlib import Path

import torch

import observe
import recipe
import tiny
from export_set import source
from files import write_json, write_tensors
from original import build, parameters_of

MAX_LR, WEIGHT_DECAY, CLIP = 1e-3, 0.1, 1.0
RUNS = {
    "adamw": {
        "steps": 20,
        "warmup": 5,
        "optimiser": torch.optim.AdamW,
        "options": {"betas": (0.9, 0.999), "eps": 1e-8},
    },
    "adam-l2": {
        "steps": 5,
        "warmup": 2,
        "optimiser": torch.optim.Adam,
        "options": {"betas": (0.9, 0.999), "eps": 1e-8},
    },
    "sgd": {"steps": 5, "warmup": 2, "optimiser": torch.optim.SGD, "options": {"momentum": 0.9}},
}
STORED = [
    "model.perceiver.latents",
    "model.perceiver.layers.0.0.norm_media.weight",
    "model.perceiver.layers.5.1.3.weight",
    "model.perceiver.norm.bias",
    "model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn_gate",
    "model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn.norm.weight",
    "model.lang_encoder.model.layers.3.gated_cross_attn_layer.ff_gate",
    "model.lang_encoder.model.layers.3.gated_cross_attn_layer.ff.1.weight",
]


def learns(name):
    return ".perceiver." in name or "gated_cross_attn" in name


def train(model, inputs, spec, dtype):
    """{losses, grad_norms (before clipping), lr} per step, and the learned parameters after the last."""
    named = {name: p for name, p in parameters_of(model).items() if isinstance(p, torch.nn.Parameter)}
    for name, parameter in named.items():
        parameter.requires_grad_(learns(name))
    named = {name: p for name, p in named.items() if learns(name)}
    groups = [
        {"params": [p for name, p in named.items() if "gated_cross_attn" in name], "weight_decay": WEIGHT_DECAY},
        {"params": [p for name, p in named.items() if "gated_cross_attn" not in name], "weight_decay": 0.0},
    ]
    optimiser = spec["optimiser"](groups, lr=MAX_LR, foreach=False, **spec["options"])
    labels = observe.labels_of(inputs, model.model.media_token_id)
    record = {"losses": [], "grad_norms": [], "lr": []}
    for step in range(spec["steps"]):
        lr = MAX_LR * min(1.0, step / spec["warmup"])
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.zero_grad()
        with observe.True64() if dtype == torch.float64 else nullcontext():
            pixels = inputs["pixel_values"].to(dtype)
            loss = model.model(pixels, inputs["input_ids"], inputs["attention_mask"], labels=labels).loss
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(named.values(), CLIP)
        optimiser.step()
        record["losses"].append(loss.item())
        record["grad_norms"].append(norm.item())
        record["lr"].append(lr)
    return record, {name: p.detach() for name, p in named.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    config = tiny.CONFIGS["tiny-zephyr"]
    model = build(args.original, config)
    recipe.fill(parameters_of(model), bf16=True)
    inputs = tiny.cases("tiny-zephyr", config)["interleaved"]

    tensors, report = {}, {}
    for name, spec in RUNS.items():
        exact, final = train(observe.as_float64(model), inputs, spec, torch.float64)
        single, final32 = train(copy.deepcopy(model), inputs, spec, torch.float32)
        tensors |= {f"{name}/{key}": final[key].float() for key in STORED}
        report[name] = {
            "options": {key: value for key, value in spec.items() if key != "optimiser"},
            **exact,
            "float32": {key: single[key] for key in ("losses", "grad_norms")},
            "final_norms": {key: p.norm().item() for key, p in final.items()},
            "float32_error": {key: float(f"{observe.relative_error(final32[key], p):.3g}") for key, p in final.items()},
        }
        print(name, "loss", exact["losses"][0], "->", exact["losses"][-1], "float32", single["losses"][-1])
    write_tensors(out / "final.safetensors", tensors)
    remarks = {
        "_what": "losses and grad_norms (before clipping) per step in float64; float32: the same from PyTorch's own"
        " float32 run; final.safetensors has <run>/<parameter> after the last step, final_norms all of them",
        "_runs": "adamw: decoupled weight decay; adam-l2: weight decay added to the gradient; sgd: momentum 0.9 without"
        " dampening (buffer = 0.9 buffer + gradient, at first the gradient), weight decay added to the gradient",
        "max_lr": MAX_LR,
        "weight_decay": WEIGHT_DECAY,
        "clip": CLIP,
        "set": "tiny-zephyr",
        "case": "interleaved",
    }
    write_json(out / "training.json", {"format": 1, "source": source(args.original), **remarks, "runs": report})


if __name__ == "__main__":
    main()
