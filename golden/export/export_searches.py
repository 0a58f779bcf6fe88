"""Writes golden/fixtures/generation/searches.json: beam searches of transformers where the model is a table.

    python export_searches.py --out ../fixtures/generation

Which token follows hangs on the last one and on how many there are: `tables` has the scores of tokens 3, 4, … after each of
them, sharper by 1/32 with each token (all others have -30). So a search is small enough for every way to end: each penalty,
each early stopping, each length. `steps` counts how often the model was asked: when the searches know that they are done.
"""

import argparse
import itertools
from pathlib import Path

import torch
import transformers
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel
from transformers.modeling_outputs import CausalLMOutput

from files import write_json
from recipe import rnd

FIRST, TOKENS, VOCAB = 3, 6, 42
END, PROMPTS = 5, [[1, 8], [1, 4]]


class Table(GPT2LMHeadModel):
    """Says the scores of a table, and counts how often it is asked."""

    def __init__(self, scores):
        super().__init__(GPT2Config(vocab_size=VOCAB, n_embd=4, n_layer=1, n_head=1, bos_token_id=None, eos_token_id=None))
        self.scores, self.steps = torch.full((VOCAB, VOCAB), -30.0, dtype=torch.float64), 0
        self.scores[FIRST : FIRST + TOKENS, FIRST : FIRST + TOKENS] = scores

    def forward(self, input_ids, **_):
        self.steps += 1
        return CausalLMOutput(logits=self.scores[input_ids] * (1 + input_ids.shape[1] / 32))


def search(scores, options):
    """{ids, scores, steps} of a search for both prompts at once, best first; a row that ended early is filled with 2."""
    model = Table(scores.double())
    config = GenerationConfig(eos_token_id=END, pad_token_id=2, use_cache=False, do_sample=False, return_dict_in_generate=True,
                              output_scores=True, num_return_sequences=options["num_beams"], **options)  # fmt: skip
    found = model.generate(torch.tensor(PROMPTS), attention_mask=torch.ones(2, 2), generation_config=config)
    return {"ids": found.sequences[:, len(PROMPTS[0]) :].tolist(), "scores": found.sequences_scores.tolist(), "steps": model.steps}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    tables = [rnd(f"searches/{i}", (TOKENS, TOKENS), 3) for i in range(7)]
    for table in tables:
        table[:, END - FIRST] += 1.5  # or few would end
    ways = itertools.product((2, 3), (-1.0, 0.0, 0.5, 1.0, 2.0), (True, False, "never"), (3, 5, 8))
    runs = []
    for i, (beams, penalty, early, longest) in enumerate(ways):
        options = {"num_beams": beams, "length_penalty": penalty, "early_stopping": early, "max_new_tokens": longest}
        runs.append({"table": i % len(tables), "options": options, **search(tables[i % len(tables)], options)})
    write_json(out / "searches.json", {
        "format": 1, "source": {"torch": torch.__version__, "transformers": transformers.__version__},
        "tables": [table.tolist() for table in tables], "runs": runs,
    })  # fmt: skip
    print(len(runs), "searches,", sum(run["steps"] < run["options"]["max_new_tokens"] for run in runs), "that end early")


if __name__ == "__main__":
    main()
