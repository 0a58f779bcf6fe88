"""Writes golden/fixtures/generation: beam search, stopping and sampling filters, by transformers.

    python export_generation.py --original CLONE --out ../fixtures/generation

`runs` decode with tiny-zephyr (weights and cases of ../fixtures/tiny-zephyr) through the original's generate.
`filters` are the distributions left by temperature, top_k and top_p, in that order, on given logits.
"""

import argparse
from pathlib import Path

import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

import observe
import recipe
import tiny
from export_set import source
from files import write_json
from original import build, parameters_of

RUNS = [
    ("one_image", {"max_new_tokens": 8, "num_beams": 2, "length_penalty": 0.0}),
    ("one_image", {"max_new_tokens": 8, "num_beams": 3, "length_penalty": 1.0}),
    ("one_image", {"max_new_tokens": 8, "num_beams": 4, "length_penalty": -1.0}),
    ("interleaved", {"max_new_tokens": 8, "num_beams": 3, "length_penalty": 0.0}),
    ("text_only", {"max_new_tokens": 8, "num_beams": 3, "length_penalty": 0.0}),
    ("left_padded", {"max_new_tokens": 6, "num_beams": 2, "length_penalty": 0.0}),
    ("left_padded", {"max_new_tokens": 6, "num_beams": 1}),
    ("one_image", {"max_new_tokens": 12, "num_beams": 1, "repetition_penalty": 1.3}),
    ("interleaved", {"max_new_tokens": 12, "num_beams": 1, "no_repeat_ngram_size": 1}),
    ("text_only", {"max_new_tokens": 12, "num_beams": 1, "no_repeat_ngram_size": 2}),
    ("one_image", {"max_new_tokens": 8, "num_beams": 3, "length_penalty": 0.0, "repetition_penalty": 1.5}),
    ("interleaved", {"max_new_tokens": 8, "num_beams": 3, "length_penalty": 0.0, "no_repeat_ngram_size": 2}),
    ("one_image", {"max_new_tokens": 8, "num_beams": 4, "length_penalty": 1.0, "num_return_sequences": 3}),
    ("one_image", {"max_new_tokens": 1, "num_beams": 1}),
    ("one_image", {"max_new_tokens": 1, "num_beams": 3, "length_penalty": 1.0, "num_return_sequences": 3}),
    ("text_only", {"max_new_tokens": 12, "num_beams": 1, "no_repeat_ngram_size": 3}),
]
STOPPING = [("one_image", 1), ("one_image", 3), ("interleaved", 1), ("interleaved", 3)]
"""(case, beams); the greedy run's third token is made the end token, with and without a minimum length"""

FILTERS = [
    {"temperature": 0.9},
    {"top_k": 3},
    {"top_p": 0.6},
    {"top_p": 0.01},
    {"temperature": 1.5, "top_k": 6, "top_p": 0.8},
    {"temperature": 0.9, "top_p": 0.6},
    {"top_k": 50},
    {"top_k": 1},
    {"top_k": 4},
    {"top_k": 5},
    {"top_p": 0.75},
    {"top_p": 0.5},
]
LOGITS = {
    "varied": recipe.rnd("filters/varied", (12,), 4),
    "flat": torch.zeros(8),
    "ties": torch.tensor([2.0, 1.0, 2.0, 1.0, 0.0, 2.0, -1.0]),
    "peaked": torch.tensor([0.0, 12.0, 1.0, -3.0, 2.0]),
    "quarters": torch.zeros(4),  # the mass of what is dropped is exactly 1 - top_p
}


def decode(model, model64, inputs, options):
    """{options, ids, scores} of one run; both precisions have to agree."""
    details = {"return_dict_in_generate": True, "output_scores": True}
    ids, score = observe_generate(model64, inputs, True, options | details)
    if not torch.equal(ids, observe_generate(model, inputs, False, options | details)[0]):
        raise ValueError(f"float32 and float64 choose different tokens with {options}")
    return {"options": options, "ids": ids.tolist(), "scores": score}


def observe_generate(model, inputs, float64, options):
    """(new tokens, the score of each sequence or None)."""
    scores = []

    def keep(output):
        scores.extend(output.sequences_scores.tolist() if output.get("sequences_scores") is not None else [])
        return output.sequences

    return observe.generate(model, inputs, float64, keep, **options), scores or None


def filtered(logits, options):
    """Probabilities after the filters, in float64."""
    scores = logits.double()[None]
    if "temperature" in options:
        scores = TemperatureLogitsWarper(options["temperature"])(None, scores)
    if "top_k" in options:
        scores = TopKLogitsWarper(options["top_k"])(None, scores)
    if "top_p" in options:
        scores = TopPLogitsWarper(options["top_p"])(None, scores)
    return scores.softmax(-1)[0].tolist()


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
    model64 = observe.as_float64(model)
    cases = tiny.cases("tiny-zephyr", config)

    runs = [{"case": case, **decode(model, model64, cases[case], options)} for case, options in RUNS]
    for case, beams in STOPPING:
        greedy = observe.generate(model, cases[case], False, max_new_tokens=8)
        base = {"max_new_tokens": 8, "num_beams": beams, "eos_token_id": greedy[0, 2].item()}
        base |= {"length_penalty": 0.0} if beams > 1 else {}
        variants = [base] + [base | {"min_new_tokens": least} for least in (2, 3, 5, 8)]  # the end is the third token
        if beams > 1:
            variants += [base | {"early_stopping": early} for early in (True, "never")]
            variants += [base | {"early_stopping": "never", "length_penalty": 2.0}]
        for options in variants:
            runs.append({"case": case, **decode(model, model64, cases[case], options)})
    filters = [
        {"logits": name, "options": options, "probabilities": filtered(logits, options)}
        for name, logits in LOGITS.items()
        for options in FILTERS
    ]
    write_json(out / "generation.json", {
        "format": 1,
        "source": source(args.original),
        "_runs": "ids: new tokens per row, a finished row filled with the pad token; scores: sum of"
        " log-probabilities over length ** length_penalty, one for each returned sequence. eos_token_id and min_new_tokens as in transformers.",
        "set": "tiny-zephyr",
        "runs": runs,
        "logits": {name: logits.tolist() for name, logits in LOGITS.items()},
        "filters": filters,
    })  # fmt: skip
    for run in runs:
        print(run["case"], run["options"], run["ids"], run["scores"])


if __name__ == "__main__":
    main()
