"""Writes golden/fixtures/training: short training runs of the original classes, a folder for each stage and variant.

    python export_training.py --original CLONE_OF_INFIMM_ZEPHYR --hd CLONE_OF_MLLM_HD --out ../fixtures/training

The format is that of golden/README.md, "Training runs". Every run is made twice, in float64 from end to end and in float32.
Update u (from 0) has lr = max_lr * min(1, u / warmup). Its gradient is the sum over micro-steps and parts of
multiplier / accumulation times the gradient of the part's mean loss; the rows of the input embedding that do not learn
are emptied; the norm is clipped, once or after every micro-step on the sum so far; then AdamW.
"""

import argparse
import copy
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

import observe
import recipe
import tiny
from export_set import canonical, source, write_weights
from files import write_json, write_tensors
from original import build, parameters_of

EMBEDDING = "model.lang_encoder.model.embed_tokens.weight"
IGNORED = -100
BOS, EOS = 1, 2


def small(name, layers, every, **visual):
    """A tiny model made smaller still: the sizes that the original fixes (heads of 64, 64 latents) are all there is."""
    config = copy.deepcopy(tiny.CONFIGS[name])
    config["visual"] |= {"image_size": 28, "layers": 1, "width": 4, "head_width": 4, "embed_dim": 4, **visual}
    kv = 1 if config["language"]["num_key_value_heads"] < config["language"]["num_attention_heads"] else 2
    sizes = {"hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 2, "num_key_value_heads": kv}
    config["language"] |= {**sizes, "num_hidden_layers": layers}
    config["cross_attn_every_n_layers"] = every
    return config


@dataclass
class Run:
    """One run: `learns` and `decays` are rules on names; without `rows` the whole embedding learns, if it does."""

    config: dict
    parts: list
    learns: callable
    decays: callable
    rows: list | None
    accumulation: int = 2
    updates: int = 6
    gates_from_zero: bool = False
    clip: float = 1.0
    clip_each_micro_step: bool = False
    max_lr: float = 1e-3
    warmup: int = 2
    weight_decay: float = 0.1


def connector(name):
    return ".perceiver." in name or "gated_cross_attn" in name or name == EMBEDDING


def connector_and_language(name):
    return ".vision_encoder." not in name


def cross_blocks_and_embedding(name):
    return "gated_cross_attn" in name or name == EMBEDDING


def by_open_flamingo(name, tensor):
    return "gated_cross_attn" in name


def all_but_norms_and_biases(name, tensor):
    return not name.endswith("bias") and not (tensor.ndim == 1 and name.endswith("weight"))


ZEPHYR = small("tiny-zephyr", 2, 2)
LLAMA = small("tiny-llama", 2, 2)
VICUNA = small("tiny-vicuna", 3, 2)
HD = small("tiny-hd", 2, 2)
MEDIA_ROWS = [tiny.END_OF_CHUNK, tiny.IMAGE]
PAIRS_AND_DOCUMENTS = [["pair", 0.2], ["interleaved", 1.0]]

RUNS = {
    # five updates: in a sixth attn_gate nears 0 (8e-7); cpu and wasm pass there too, webgpu in f32 misses the norm by 4.2 to 4
    "pt": Run(
        ZEPHYR, PAIRS_AND_DOCUMENTS, connector, by_open_flamingo, MEDIA_ROWS, gates_from_zero=True, clip=0.3, updates=5
    ),
    "mtt": Run(VICUNA, [["task", 1.0]], connector, by_open_flamingo, MEDIA_ROWS, accumulation=3),
    "ift": Run(ZEPHYR, [["chat", 1.0]], connector, by_open_flamingo, MEDIA_ROWS),
    "ift-llama": Run(LLAMA, [["chat", 1.0]], connector_and_language, all_but_norms_and_biases, None, max_lr=3e-3),
    "clip-each-micro-step": Run(
        HD, PAIRS_AND_DOCUMENTS, connector, by_open_flamingo, MEDIA_ROWS, clip=0.25, clip_each_micro_step=True, updates=5
    ),
    "hd-stage-1": Run(
        HD, [["interleaved", 1.0]], cross_blocks_and_embedding, by_open_flamingo, None, accumulation=1, gates_from_zero=True
    ),
}


# ---- batches ----------------------------------------------------------------------------------------------------


def batch(key, kind, config, rows=2):
    """Made text of one kind, padded on the right: which tokens bear loss is what the kinds differ in."""
    samples = [SAMPLES[kind](Words(f"{key}/{row}"), row) for row in range(rows)]
    length, pad = max(len(ids) for ids, _ in samples), config["language"]["pad_token_id"]
    images = [ids.count(tiny.IMAGE) for ids, _ in samples]
    size = config["visual"]["image_size"]
    return {
        "kind": kind,
        "key": f"{key}/pixel_values",
        "images": images,
        "pixel_shape": [rows, max(images), 1, 3, size, size],
        "input_ids": [ids + [pad] * (length - len(ids)) for ids, _ in samples],
        "attention_mask": [[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in samples],
        "labels": [
            [id if counts else IGNORED for id, counts in zip(ids, counted)] + [IGNORED] * (length - len(ids))
            for ids, counted in samples
        ],
    }


class Words:
    """Ordinary tokens, made from a name."""

    def __init__(self, key):
        self.key, self.made = key, 0

    def __call__(self, least, most):
        take = lambda: (self._next(), self.made)[0]
        return [3 + int(take() * 37) for _ in range(least + int(take() * (most - least + 1)))]

    def _next(self):
        self.made += 1
        return float(recipe.uniform(self.key, [self.made])[0])


def spans(*parts):
    """([ids], [counted]) of (ids, counts) parts."""
    return [id for ids, _ in parts for id in ids], [counts for ids, counts in parts for _ in ids]


def pair(words, row):
    return spans(([BOS, tiny.IMAGE], False), ([*words(2, 7), tiny.END_OF_CHUNK, EOS], True))


def interleaved(words, row):
    chunks = [([*words(1, 3)], False), ([tiny.IMAGE], False), ([*words(2, 4), tiny.END_OF_CHUNK], True)]
    for _ in range(1 + row):
        chunks += [([tiny.IMAGE], False), ([*words(1, 4), tiny.END_OF_CHUNK], True)]
    return spans(([BOS], False), *chunks, ([EOS], False))


def task(words, row):
    question = ([BOS, tiny.IMAGE, *words(3, 8)], False)
    return spans(question, ([*words(1, 2 + 4 * row), tiny.END_OF_CHUNK, EOS], True))


def chat(words, row):
    turns = [([BOS, tiny.END_OF_CHUNK, tiny.IMAGE, *words(2, 5)], False), ([*words(1, 4), EOS], True)]
    if row:
        turns += [(words(2, 3), False), ([*words(1, 3), EOS], True), (words(1, 1), False)]
    return spans(*turns)


SAMPLES = {"pair": pair, "interleaved": interleaved, "task": task, "chat": chat}


def tensors_of(made, dtype):
    """A stored batch as what the original takes; pictures that a row does not have are zeros."""
    pixels = recipe.rnd(made["key"], made["pixel_shape"])
    for row, present in enumerate(made["images"]):
        pixels[row, present:] = 0
    ids, mask, labels = (torch.tensor(made[name]) for name in ("input_ids", "attention_mask", "labels"))
    return pixels.to(dtype), ids, mask, labels


# ---- training ---------------------------------------------------------------------------------------------------


def train(model, run, batches, dtype):
    """({lr, losses, grad_norms, gates, without_gradient_first}, parameters after the last update)."""
    named = parameters_of(model)
    trained = {name: p for name, p in named.items() if isinstance(p, torch.nn.Parameter) and run.learns(name)}
    for name, p in named.items():
        p.requires_grad_(name in trained)
    groups = [
        {"params": [p for n, p in trained.items() if run.decays(n, p)], "weight_decay": run.weight_decay},
        {"params": [p for n, p in trained.items() if not run.decays(n, p)], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=run.max_lr, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    record = {"lr": [], "losses": [], "grad_norms": [], "gates": [], "without_gradient_first": []}
    for u, update in enumerate(batches):
        lr = run.max_lr * min(1.0, u / run.warmup)
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.zero_grad()
        losses = []
        for m, parts in enumerate(update):
            losses += micro_step(model, run, parts, dtype)
            if run.rows is not None and EMBEDDING in trained:
                outside = torch.ones(len(trained[EMBEDDING]), dtype=torch.bool)
                outside[run.rows] = False
                trained[EMBEDDING].grad[outside] = 0
            if run.clip_each_micro_step or m == len(update) - 1:
                norm = torch.nn.utils.clip_grad_norm_(trained.values(), run.clip)
        if u == 0:
            idle = [n for n, p in trained.items() if p.grad is None or not p.grad.any()]
            record["without_gradient_first"] = idle
        optimiser.step()
        record["lr"].append(lr)
        record["losses"].append(losses)
        record["grad_norms"].append(norm.item())
        record["gates"].append({n: p.detach().tolist() for n, p in trained.items() if n.endswith("gate")})
    return record, {name: p.detach() for name, p in named.items()}, set(trained)


def micro_step(model, run, parts, dtype):
    """Backward of every part into the same gradients; their mean losses."""
    losses = []
    for (_, multiplier), made in zip(run.parts, parts):
        with observe.True64() if dtype == torch.float64 else nullcontext():
            pixels, ids, mask, labels = tensors_of(made, dtype)
            loss = model.model(pixels, ids, mask, labels=labels).loss
            (loss * (multiplier / run.accumulation)).backward()
        losses.append(loss.item())
    return losses


# ---- a folder ---------------------------------------------------------------------------------------------------


@torch.no_grad()
def begin(clone, run):
    model = build(clone, run.config)
    named = parameters_of(model)
    recipe.fill(named, bf16=True)
    for name, p in named.items():
        if run.gates_from_zero and name.endswith("gate"):
            p.zero_()
    return model


def stored(name, tensor):
    """Whether final.safetensors has it: what is small, and one matrix."""
    return tensor.numel() <= 128 or name == EMBEDDING or name.endswith("gated_cross_attn_layer.ff.1.weight")


def write_run(name, run, clone, out):
    out.mkdir(parents=True, exist_ok=True)
    model = begin(clone, run)
    write_json(out / "config.json", run.config)
    write_weights(model, out / "model.safetensors", canonical)
    batches = [
        [[batch(f"{name}/{u}/{m}/{kind}", kind, run.config) for kind, _ in run.parts] for m in range(run.accumulation)]
        for u in range(run.updates)
    ]
    write_json(out / "batches.json", batches)
    start = {key: p.detach().clone() for key, p in parameters_of(model).items()}
    exact, final, trained = train(observe.as_float64(model), run, batches, torch.float64)
    single, final32, _ = train(copy.deepcopy(model), run, batches, torch.float32)
    order = [key for key in final if key in trained]
    write_tensors(out / "final.safetensors", {k: final[k].float() for k in order if stored(k, final[k])})
    digits = lambda value, n: float(f"{value:.{n}g}")
    settings = ("accumulation", "updates", "parts", "max_lr", "warmup", "weight_decay", "clip", "clip_each_micro_step")
    report = {
        "format": 1,
        "run": name,
        "source": source(clone),
        **{key: getattr(run, key) for key in settings},
        "embedding_rows": run.rows,
        "optimiser": {"name": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8},
        "weight_decay_of": {key: bool(run.decays(key, final[key])) for key in order},
        "float64": exact,
        "float32": single,
        "final_norms": {key: digits(final[key].norm().item(), 9) for key in order},
        "change_norms": {key: digits((final[key] - start[key].double()).norm().item(), 9) for key in order},
        "float32_error": {key: digits(observe.relative_error(final32[key], final[key]), 3) for key in order},
        "frozen": [key for key, p in start.items() if key not in trained],
    }
    write_json(out / "training.json", report)
    print(name, "loss", exact["losses"][0], "->", exact["losses"][-1], "norms", exact["grad_norms"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--hd", required=True, help="clone of InfiMM/mllm-hd")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name, run in RUNS.items():
        write_run(name, run, args.hd if run.config is HD else args.original, Path(args.out) / name)


if __name__ == "__main__":
    main()
