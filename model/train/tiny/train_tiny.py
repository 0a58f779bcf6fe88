"""Trains infimm-tiny with the original PyTorch classes (imported unedited from a clone) on scenes of emoji.

    python train_tiny.py --original CLONE --emoji FOLDER --out FOLDER --minutes 85

Two stages share the minutes:

  vision  the vision tower alone: each patch tells, through a throwaway linear head, what covers it and where the centre
          of that thing is. It stands in for the CLIP pretraining of the real family's tower.
  joint   everything at once, on questions and answers; the loss counts answer tokens only. Unlike the real family, where
          tower and language model come pretrained and stay frozen, nothing is frozen here. The patch loss stays on, and
          a second throwaway head reads from the mean of the resampler's latents how many things of each kind there are,
          where, and the background: cross-attention starts near uniform, so what the mean tells, the language model
          can use at once.

Every few minutes the model folder (weights rounded to bfloat16, config, tokenizer) and `checkpoint.pt` are written to
--out, and a line per task with the share of held-out questions answered exactly goes to `log.txt`. Run again with the
same --out, it goes on from the checkpoint.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

import evaluate_tiny
import original
import scenes
import tiny_tokenizer

SIDE, GRID, WIDTH = 64, 8, 96
VOCABULARY = 3 + 256 + tiny_tokenizer.PIECES + 2
IMAGE_ID, END_OF_CHUNK_ID, EOS_ID = VOCABULARY - 1, VOCABULARY - 2, 2

CONFIG = {
    "_name_or_path": "./",
    "architectures": ["InfiMMZephyrModel"],
    "model_type": "infimm-zephyr",
    "seq_length": tiny_tokenizer.MAX_LENGTH,
    "tokenizer_type": "LlamaTokenizer",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.35.2",
    "use_cache": True,
    "use_flash_attn": False,
    "cross_attn_every_n_layers": 2,
    "use_grad_checkpoint": False,
    "freeze_llm": False,
    "image_token_id": IMAGE_ID,
    "eoc_token_id": END_OF_CHUNK_ID,
    "visual": {
        "image_size": SIDE,
        "layers": 4,
        "width": WIDTH,
        "head_width": 24,
        "patch_size": SIDE // GRID,
        "mlp_ratio": 2.6667,
        "eva_model_name": "eva-clip-tiny-8-64",
        "drop_path_rate": 0.0,
        "xattn": False,
        "fusedLN": True,
        "rope": True,
        "pt_hw_seq_len": GRID,
        "intp_freq": True,
        "naiveswiglu": True,
        "subln": True,
        "embed_dim": 32,
    },
    "language": {
        "architectures": ["MistralForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": EOS_ID,
        "hidden_act": "silu",
        "hidden_size": 128,
        "initializer_range": 0.02,
        "intermediate_size": 352,
        "max_position_embeddings": tiny_tokenizer.MAX_LENGTH,
        "model_type": "mistral",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "pad_token_id": EOS_ID,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.35.0",
        "use_cache": True,
        "vocab_size": VOCABULARY,
    },
}

VISION_SHARE = 0.08  # of the minutes
VISION_BATCH, PICTURES, QUESTIONS, CONVERSATIONS = 48, 12, 3, 4
VISION_RATE, RATE, VISION_RATE_JOINT = 2e-3, 1.5e-3, 5e-4
WARM_UP, PATCH_WEIGHT, SCENE_WEIGHT, GATE = 60, 0.2, 0.5, 1.0
REPORT_SECONDS, HELD_OUT_SEED = 300, 10_000_019


# ---- batches ----------------------------------------------------------------------------------------------------


class Batches(torch.utils.data.IterableDataset):
    """Endless random batches, drawn in a worker process; every batch is a dictionary of tensors.

    pixels (n, S, S, 3) uint8
    kinds (n, g, g), centres (n, g, g, 2)                                      for the patch loss
    counts (n, kinds), places (n, kinds, 2), background (n)                    for the scene loss
    single (n * QUESTIONS, T), single_labels: one question a row, row r about picture r // QUESTIONS
    multi (m, T'), multi_labels, multi_pictures (m, 2): conversations about one or two pictures
    """

    def __init__(self, emoji_folder, tokenizer_folder, seed, pictures, with_text):
        self.folders, self.seed, self.pictures, self.with_text = (emoji_folder, tokenizer_folder), seed, pictures, with_text

    def __iter__(self):
        rng = np.random.default_rng([self.seed, torch.utils.data.get_worker_info().id])
        emoji, encode = scenes.load_emoji(self.folders[0]), Encoder(self.folders[1])
        while True:
            drawn = [scenes.random_scene(rng) for _ in range(self.pictures)]
            targets = [scenes.patch_targets(scene, emoji, GRID) for scene in drawn]
            pixels = np.stack([scenes.crop(scenes.render(scene, emoji, rng), SIDE) for scene in drawn])
            batch = {
                "pixels": torch.from_numpy(pixels),
                "kinds": torch.from_numpy(np.stack([kinds for kinds, _ in targets])),
                "centres": torch.from_numpy(np.stack([centres for _, centres in targets])),
                "counts": torch.tensor([[scene.count(kind) for kind in scenes.NAMES] for scene in drawn]),
                "places": torch.tensor([[_mean_place(scene, kind) for kind in scenes.NAMES] for scene in drawn]),
                "background": torch.tensor([list(scenes.COLOURS).index(scene.background) for scene in drawn]),
            }
            if self.with_text:
                batch |= _texts(drawn, rng, encode)
            yield batch


class Encoder:
    """Conversations to padded ids and labels (-100 everywhere but on the answers and the </s> that ends each)."""

    def __init__(self, folder):
        self.tokenizer = tiny_tokenizer.load(folder)
        self.answer_starts = self.tokenizer.encode("</s>\n<|assistant|>\n").ids[-2:]

    def __call__(self, texts):
        rows = [self.tokenizer.encode(text).ids[:-2] for text in texts]  # less the "▁" and newline after the last </s>
        ids = torch.full((len(rows), max(map(len, rows))), EOS_ID)  # [r, t]
        labels = torch.full_like(ids, -100)  # [r, t]
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            inside = False
            for at, token in enumerate(row):
                if inside:
                    labels[index, at] = token
                inside = inside and token != EOS_ID or row[at - 1 : at + 1] == self.answer_starts
        return ids, labels


def _mean_place(scene, kind):
    """The mean (x, y) of the things of a kind; (0, 0) if there is none."""
    found = [(thing.x, thing.y) for thing in scene.things if thing.kind == kind]
    return [sum(values) / len(found) for values in zip(*found)] if found else [0.0, 0.0]


def _texts(drawn, rng, encode):
    """The text part of a batch about the drawn scenes."""
    single, multi, pairs = [], [], []
    for scene in drawn:
        for _, question, answer in scenes.questions(scene, rng, QUESTIONS):
            pictures = 1
            if rng.random() < 0.03:
                (question, answer), pictures = scenes.small_talk(rng), 0
            single.append(tiny_tokenizer.chat([(question, answer)], [pictures]))
    for _ in range(CONVERSATIONS):
        pair = rng.choice(len(drawn), 2, replace=False)
        about, pictures = [(0, 0, 0), (0, 1, 1), (0, 0, 1)][rng.integers(3)], [1, 0, 0]
        if 1 in about:
            pictures[about.index(1)] = 1
        asked = [iter(scenes.questions(drawn[index], rng, 3)) for index in pair]
        turns = [next(asked[which])[1:] for which in about]
        multi.append(tiny_tokenizer.chat(turns, pictures))
        pairs.append(pair)
    (single, single_labels), (multi, multi_labels) = encode(single), encode(multi)
    return {
        "single": single,
        "single_labels": single_labels,
        "multi": multi,
        "multi_labels": multi_labels,
        "multi_pictures": torch.from_numpy(np.stack(pairs)),
    }


def batches(options, tokenizer_folder, seed, pictures, with_text):
    data = Batches(options.emoji, tokenizer_folder, seed, pictures, with_text)
    return iter(torch.utils.data.DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=8))


# ---- losses -----------------------------------------------------------------------------------------------------


def patch_loss(features, head, batch):
    """What covers each patch (cross-entropy), and where the centre of that thing is (smooth L1); features (n, 1 + g g, W)."""
    out = head(features[:, 1:])  # [n, p, kinds + 3]
    kinds, centres = batch["kinds"].flatten(1), batch["centres"].flatten(1, 2)  # [n, p], [n, p, 2]
    loss = F.cross_entropy(out[..., :-2].flatten(0, 1), kinds.flatten())
    owned = kinds > 0
    return loss + 2.0 * F.smooth_l1_loss(out[..., -2:][owned], centres[owned], beta=0.1)


def scene_loss(media, head, batch):
    """Counts, places and background from the mean of the latents; media (n, 1, 64, W)."""
    kinds = len(scenes.NAMES)
    out = head(media.mean((1, 2)))  # [n, kinds * 5 + kinds * 2 + colours]
    counts, places, background = out.split([kinds * 5, kinds * 2, len(scenes.COLOURS)], -1)
    counted = F.cross_entropy(counts.reshape(-1, 5), batch["counts"].flatten(), reduction="sum") / len(out)
    present = batch["counts"] > 0
    placed = F.smooth_l1_loss(places.unflatten(-1, (kinds, 2))[present], batch["places"][present], beta=0.1)
    return 0.2 * counted + 2.0 * placed + 0.3 * F.cross_entropy(background, batch["background"])


def answer_loss(flamingo, media, ids, labels):
    """(weighted sum of the cross-entropies of the answer tokens, sum of the weights); media (r, pictures, 64, W), ids
    (r, t). A token weighs 1 / sqrt(answer tokens in its row), so that short answers are not drowned by captions. The
    vision path of the original class runs without gradient, so its parts are called one by one here."""
    for layer in flamingo.lang_encoder._get_decoder_layers():
        layer.condition_vis_x(media)
    logits = flamingo.lang_encoder(input_ids=ids, attention_mask=None, use_cache=False).logits  # [r, t, v]
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")  # [r, t - 1]
    answered = labels[:, 1:] >= 0  # [r, t - 1]
    weights = answered / answered.sum(1, keepdim=True).sqrt()  # [r, t - 1]
    return (weights * losses).sum(), weights.sum()


def joint_losses(flamingo, heads, batch):
    """(answer loss, patch loss, scene loss), each a mean."""
    pixels = torch.from_numpy(scenes.normalise(batch["pixels"].numpy()))  # [n, 3, s, s]
    features = flamingo.vision_encoder(pixels, return_all_features=True)  # [n, 1 + p, w]
    media = flamingo.perceiver(features[:, None, None])  # [n, 1, 64, w]
    single = answer_loss(flamingo, media.repeat_interleave(QUESTIONS, 0), batch["single"], batch["single_labels"])
    pairs = media[:, 0][batch["multi_pictures"]]  # [m, 2, 64, w]
    multi = answer_loss(flamingo, pairs, batch["multi"], batch["multi_labels"])
    answers = (single[0] + multi[0]) / (single[1] + multi[1])
    return answers, patch_loss(features, heads["patch"], batch), scene_loss(media, heads["scene"], batch)


# ---- the run ----------------------------------------------------------------------------------------------------


class Run:
    """Model, throwaway heads, optimiser and clock: what a checkpoint holds."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options, self.out = options, Path(options.out)
        self.model = original.build(options.original, CONFIG).train()
        self.flamingo = self.model.model
        for name, parameter in self.model.named_parameters():
            if name.endswith("_gate"):
                nn.init.constant_(parameter, GATE)
        kinds = len(scenes.NAMES)
        self.heads = nn.ModuleDict(
            {"patch": nn.Linear(WIDTH, kinds + 3), "scene": nn.Linear(WIDTH, kinds * 7 + len(scenes.COLOURS))}
        )
        tower = [*self.flamingo.vision_encoder.parameters(), *self.heads["patch"].parameters()]
        rest = [*self.flamingo.perceiver.parameters(), *self.flamingo.lang_encoder.parameters()]
        rest += self.heads["scene"].parameters()
        groups = _decay_groups(tower, "tower") + _decay_groups(rest, "rest")
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))
        self.seconds, self.steps = 0.0, {"vision": 0, "joint": 0}

    def state(self):
        return {
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "clock": (self.seconds, self.steps),
        }

    def restore(self, state):
        self.model.load_state_dict(state["model"])
        self.heads.load_state_dict(state["heads"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seconds, self.steps = state["clock"]

    def stage(self):
        return "vision" if self.seconds < VISION_SHARE * 60 * self.options.minutes else "joint"

    def set_rates(self, stage):
        """Warm-up at the start of each stage, then half a cosine down to a twentieth at the end of its time."""
        total, border = 60 * self.options.minutes, VISION_SHARE * 60 * self.options.minutes
        start, end = (0, border) if stage == "vision" else (border, total)
        done = min(1.0, (self.seconds - start) / (end - start))
        shape = min(1.0, (self.steps[stage] + 1) / WARM_UP) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
        rates = {"tower": VISION_RATE if stage == "vision" else VISION_RATE_JOINT, "rest": RATE * (stage == "joint")}
        for group in self.optimiser.param_groups:
            group["lr"] = rates[group["part"]] * shape

    def step(self, stage, batch):
        self.set_rates(stage)
        self.optimiser.zero_grad()
        if stage == "vision":
            pixels = torch.from_numpy(scenes.normalise(batch["pixels"].numpy()))
            features = self.flamingo.vision_encoder(pixels, return_all_features=True)
            losses = [patch_loss(features, self.heads["patch"], batch)]
            loss = losses[0]
        else:
            losses = joint_losses(self.flamingo, self.heads, batch)
            loss = losses[0] + PATCH_WEIGHT * losses[1] + SCENE_WEIGHT * losses[2]
        loss.backward()
        parameters = [p for group in self.optimiser.param_groups for p in group["params"] if p.grad is not None]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.steps[stage] += 1
        return [float(part.detach()) for part in losses]


def _decay_groups(parameters, part):
    """Weight decay 0.05 on matrices, none on vectors."""
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    return [
        {"params": matrices, "weight_decay": 0.05, "part": part},
        {"params": vectors, "weight_decay": 0.0, "part": part},
    ]


def export(model, folder):
    """config.json, model.safetensors (bfloat16, canonical names) and the small files, beside the tokenizer's."""
    folder = Path(folder)
    tensors = {name: tensor.detach().to(torch.bfloat16).contiguous() for name, tensor in original.parameters_of(model).items()}
    partial = folder / "model.safetensors.partial"
    save_file(tensors, partial, metadata={"format": "pt"})
    os.replace(partial, folder / "model.safetensors")
    for name, data in {
        "config.json": CONFIG,
        "generation_config.json": {"do_sample": False, "max_new_tokens": 48, "bos_token_id": 1, "eos_token_id": EOS_ID},
        "preprocessor_config.json": {"_name_or_path": "./", "image_size": SIDE},
    }.items():
        (folder / name).write_text(json.dumps(data, indent=2) + "\n")


def report(run, log, tests):
    run.model.eval()
    scores = evaluate_tiny.forced_scores(run.model, run.out, tests)
    run.model.train()
    text = "  ".join(f"{task} {right}/{total}" for task, (right, total) in scores.items())
    log(f"-- {run.seconds / 60:.1f} min, steps {run.steps}: {text}")
    export(run.model, run.out)
    torch.save(run.state(), run.out / "checkpoint.partial")
    os.replace(run.out / "checkpoint.partial", run.out / "checkpoint.pt")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--emoji", required=True, help="unpacked npm package emoji-datasource-google@16.0.0")
    parser.add_argument("--out", required=True, help="folder for the model, the checkpoint and the log")
    parser.add_argument("--minutes", type=float, default=85, help="time to train, both stages together")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    run = Run(options)
    run.out.mkdir(parents=True, exist_ok=True)
    tiny_tokenizer.save(run.out)
    if (run.out / "checkpoint.pt").exists():
        run.restore(torch.load(run.out / "checkpoint.pt"))
    file = (run.out / "log.txt").open("a", buffering=1)

    def log(text):
        print(text, file=file)

    log(f"{sum(p.numel() for p in run.model.parameters()):,} parameters; {options}")
    tests = evaluate_tiny.held_out(options.emoji, scenes_per_task=60, seed=HELD_OUT_SEED)
    stage, source, last_report, last_line, sums = None, None, run.seconds, run.seconds, []
    while run.seconds < 60 * options.minutes:
        began = time.monotonic()
        if stage != run.stage():
            stage, sums = run.stage(), []
            size = VISION_BATCH if stage == "vision" else PICTURES
            seed = options.seed * 1000 + int(run.seconds) * 2 + (stage == "joint")
            source = batches(options, options.out, seed, size, stage == "joint")
        sums.append(run.step(stage, next(source)))
        run.seconds += time.monotonic() - began
        if run.seconds - last_line > 30:
            means = ", ".join(f"{value:.3f}" for value in np.mean(sums, 0))
            log(f"{run.seconds / 60:.1f} min  {stage} step {run.steps[stage]}  loss {means}")
            last_line, sums = run.seconds, []
        if run.seconds - last_report > REPORT_SECONDS:
            last_report = run.seconds
            report(run, log, tests)
    report(run, log, tests)


if __name__ == "__main__":
    main()
