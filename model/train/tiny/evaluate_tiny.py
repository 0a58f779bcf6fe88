"""Asks infimm-tiny questions about scenes it has never seen, with the original PyTorch classes, and counts exact answers.

    python evaluate_tiny.py --original CLONE --emoji FOLDER --model FOLDER --scenes 300 [--unusual] [--json FILE]

The weights are the bfloat16 ones of the folder, run in float32; decoding is greedy through the original `generate`.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).resolve().parents[3] / "golden" / "export"))
import original
import scenes
import tiny_tokenizer


@dataclass
class Test:
    task: str
    question: str
    answer: str
    pixels: np.ndarray  # (S, S, 3) uint8


def held_out(emoji_folder, scenes_per_task, seed, unusual=False, side=64):
    """For every task `scenes_per_task` questions, each about a scene of its own."""
    emoji, rng, tests = scenes.load_emoji(emoji_folder), np.random.default_rng(seed), []
    for task, (ask, _) in scenes.TASKS.items():
        found = 0
        while found < scenes_per_task:
            scene = scenes.random_scene(rng, unusual)
            pair = ask(scene, rng)
            if pair is not None:
                picture = scenes.render(scene, emoji, rng, unusual=unusual)
                tests.append(Test(task, *pair, scenes.crop(picture, side)))
                found += 1
    return tests


def load_model(clone, folder):
    """The original model with the weights of the folder (stored in bfloat16), in float32."""
    folder = Path(folder)
    model = original.build(clone, json.loads((folder / "config.json").read_text()))
    weights = load_file(folder / "model.safetensors")
    tensors = original.parameters_of(model)
    if weights.keys() != tensors.keys():
        raise ValueError(f"names differ: {sorted(weights.keys() ^ tensors.keys())[:5]} ...")
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(weights[name])
    return model


def pixels_of(pictures):
    """(n, S, S, 3) uint8 pictures as (n, 1, 1, 3, S, S) float32, one picture a row."""
    return torch.from_numpy(scenes.normalise(np.stack(pictures)))[:, None, None]


def answers(model, folder, prompts, pixels, max_new_tokens=48):
    """Greedy answers by the original `generate`; prompts of equal length go in one batch; pixels (n, T_img, 1, 3, S, S)."""
    tokenizer = tiny_tokenizer.load(folder)
    by_length, found = defaultdict(list), [""] * len(prompts)
    rows = [tokenizer.encode(prompt).ids for prompt in prompts]
    for index, row in enumerate(rows):
        by_length[len(row)].append(index)
    for indices in by_length.values():
        for at in range(0, len(indices), 64):
            part = indices[at : at + 64]
            ids = torch.tensor([rows[index] for index in part])
            new = model.generate(ids, torch.ones_like(ids), pixels[part], 0, max_new_tokens)
            for index, text in zip(part, tokenizer.decode_batch(new.tolist())):
                found[index] = text
    return found


@torch.no_grad()
def forced_scores(model, folder, tests):
    """{task: (right, total)} from one forward pass a batch: an answer counts if every one of its tokens has the highest
    logit given the ones before, which is the same as greedy decoding giving exactly this answer."""
    tokenizer, flamingo, scores = tiny_tokenizer.load(folder), model.model, defaultdict(lambda: [0, 0])
    for at in range(0, len(tests), 32):
        part = tests[at : at + 32]
        prompts = [tokenizer.encode(tiny_tokenizer.chat([(t.question, None)], [1])).ids for t in part]
        full = [tokenizer.encode(tiny_tokenizer.chat([(t.question, t.answer)], [1])).ids for t in part]
        ids = torch.full((len(part), max(map(len, full))), 2)
        for row, tokens in zip(ids, full):
            row[: len(tokens)] = torch.tensor(tokens)
        logits = flamingo(pixels_of([t.pixels for t in part]), ids).logits  # [r, t, v]
        best = logits.argmax(-1)  # [r, t]
        for row, test in enumerate(part):
            start, end = len(prompts[row]), len(full[row]) - 2  # the last two, "▁" and newline, follow the answer's </s>
            scores[test.task][0] += bool((best[row, start - 1 : end - 1] == ids[row, start:end]).all())
            scores[test.task][1] += 1
    return {task: tuple(pair) for task, pair in scores.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--emoji", required=True, help="unpacked npm package emoji-datasource-google@16.0.0")
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--scenes", type=int, default=300, help="scenes (and questions) per task")
    parser.add_argument("--seed", type=int, default=20_000_003)
    parser.add_argument("--unusual", action="store_true", help="scenes outside the training distribution")
    parser.add_argument("--misses", type=int, default=0, help="how many wrong answers to print per task")
    parser.add_argument("--json", help="file for the scores")
    options = parser.parse_args()

    torch.set_num_threads(1)
    model = load_model(options.original, options.model)
    tests = held_out(options.emoji, options.scenes, options.seed, options.unusual)
    prompts = [tiny_tokenizer.chat([(test.question, None)], [1]) for test in tests]
    given = answers(model, options.model, prompts, pixels_of([test.pixels for test in tests]))
    scores, misses = defaultdict(lambda: [0, 0]), defaultdict(list)
    for test, answer in zip(tests, given):
        scores[test.task][0] += answer == test.answer
        scores[test.task][1] += 1
        if answer != test.answer:
            misses[test.task].append(f"    {test.question} expected {test.answer!r}, got {answer!r}")
    for task, (right, total) in scores.items():
        print(f"{task:8} {right}/{total}  {100 * right / total:.1f} %")
        print(*misses[task][: options.misses], sep="\n", end="\n" if options.misses and misses[task] else "")
    if options.json:
        Path(options.json).write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
