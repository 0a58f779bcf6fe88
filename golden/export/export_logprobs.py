"""Writes golden/fixtures/generation/logprobs.json: how probable each generated token was, by PyTorch's log_softmax.

    python export_logprobs.py --original CLONE --out ../fixtures/generation/logprobs.json

tiny-zephyr through the original's generate in float64, its raw logits (transformers' output_logits) of each step.
"""

import argparse
from pathlib import Path

import torch

import observe
import recipe
import tiny
from export_set import source
from files import write_json
from original import build, parameters_of

RUNS = [
    ("one_image", {"max_new_tokens": 6}),
    ("left_padded", {"max_new_tokens": 4}),
    ("one_image", {"max_new_tokens": 6, "repetition_penalty": 1.3}),
]
TOP = 4


def run(model64, inputs, options):
    steps = []

    def keep(output):
        steps.extend(output.logits)
        return output.sequences

    details = {"return_dict_in_generate": True, "output_logits": True, "num_beams": 1}
    ids = observe.generate(model64, inputs, True, keep, **options, **details)
    rows = torch.stack(steps, 1).double().log_softmax(-1)  # [b, t, vocab]
    top = rows.topk(TOP, -1)
    chosen = rows.gather(-1, ids[:, :, None])[..., 0]
    return {"ids": ids.tolist(), "logprobs": chosen.tolist(), "top_ids": top.indices.tolist(), "top_logprobs": top.values.tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = tiny.CONFIGS["tiny-zephyr"]
    model = build(args.original, config)
    recipe.fill(parameters_of(model), bf16=True)
    model64 = observe.as_float64(model)
    cases = tiny.cases("tiny-zephyr", config)
    runs = [{"case": case, "options": options, **run(model64, cases[case], options)} for case, options in RUNS]
    write_json(args.out, {"format": 1, "source": source(args.original), "set": "tiny-zephyr", "runs": runs})


if __name__ == "__main__":
    main()
