"""Writes golden/fixtures/samples: what OpenFlamingo's own preprocessing and training loop make of made records.

    python export_samples.py --open-flamingo CLONE --tokenizer ../../model/infimm-tiny/tokenizer.json --out ../fixtures/samples

Runs CLONE/open_flamingo/train/{data,data_utils,train_utils}.py unedited. Needs torch, transformers, scipy, webdataset,
braceexpand, numpy, Pillow. Three things that they import are replaced: wandb by nothing, torchvision's random flip by
none, and the picture processor by one that gives a picture's colour, so that the fixture tells pictures apart. The labels
are those that the training loop gives its model.

documents.json: MMC4 documents with what came out, captions with what came out, and names of tar members with their
groups. Pictures are stored as their number and size in bytes.
"""

import argparse
import base64
import io
import json
import random
import sys
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import PreTrainedTokenizerFast

MAX_IMAGES = 3
WORDS = "a red dog sees the blue cat and two birds near an old house with four white stars .".split()
CAPTIONS = ["a dog", "  two cats near a house \n", "x", "naïve café 😀", "a <image> in a caption", "done </s>", " ".join(WORDS * 3)]
MEMBERS = [
    ["a.jpg", "a.txt", "a.json", "b.txt", "b.JPG"],
    ["d/0.jpg", "d/0.seg.png", "d/1.jpg", "e/0.jpg"],
    ["x.y/0.jpg", "x.y/0.txt", "noext", "x.txt", "x.txt", "x.jpg", ".hidden", "dir/.hidden.txt"],
    ["a.txt", "b.txt", "a.jpg", "__meta__", "d/__key__", "a.b.c", "a.b.C"],
]


def original(clone):
    torchvision = types.ModuleType("torchvision")
    torchvision.transforms = types.SimpleNamespace(RandomHorizontalFlip=lambda p: lambda image: image)
    sys.modules.update(torchvision=torchvision, wandb=types.ModuleType("wandb"))
    sys.path.insert(0, str(clone / "open_flamingo" / "train"))
    import data
    import train_utils

    return data, train_utils


def tokenizer_of(file, pad):
    extra = ["<|endofchunk|>", "<image>"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(file), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token=pad
    )
    tokenizer.additional_special_tokens = extra
    tokenizer.additional_special_tokens_ids = tokenizer.convert_tokens_to_ids(extra)
    return tokenizer


def picture(number, size):
    """A PNG of one colour, filled up to `size` bytes."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (number, number, number)).save(file, "PNG")
    return file.getvalue().ljust(size, b"\0")


def colour(image):
    return torch.full((3, 1, 1), float(np.asarray(image)[0, 0, 0]))


def document(draw, case):
    """A made MMC4 document; what its pictures are is in `sizes`."""
    sentences = [" ".join(draw.choices(WORDS, k=draw.randint(1, 6))) for _ in range(draw.randint(1, 7))]
    if case % 5 == 0:
        sentences = [draw.choice(["", " "]) + text + draw.choice(["", " ", "  "]) for text in sentences]
    pictures = draw.randint(1, 5)
    sizes = [draw.choice([20_000, 20_000, 11_000, 10_999, None]) for _ in range(pictures)]
    similarity = [[round(draw.random(), 4) for _ in sentences] for _ in range(pictures)]
    return sentences, sizes, similarity


def info_of(sentences, sizes, similarity):
    encoded = [None if size is None else base64.b64encode(picture(i + 1, size)).decode() for i, size in enumerate(sizes)]
    return {
        "text_list": list(sentences),
        "image_info": [{"image_name": f"{i}.png"} | ({"image_base64": one} if one else {}) for i, one in enumerate(encoded)],
        "similarity_matrix": similarity,
    }


def labels_of(train_utils, tokenizer, pairs, interleaved):
    """What the training loop gives its model as labels: of a batch of pairs, and of a batch of documents."""
    seen = []
    weight = torch.nn.Parameter(torch.zeros(1))

    class Model:
        train = lambda self: None  # noqa: E731
        parameters = lambda self: [weight]  # noqa: E731

        def __call__(self, labels, **inputs):
            seen.append(labels.clone())
            return [weight.sum()]

    nothing = types.SimpleNamespace(step=lambda: None, zero_grad=lambda **_: None, param_groups=[{"lr": 0}])
    loaders = [type("Loader", (list,), {"num_batches": 1})([batch]) for batch in (pairs, interleaved)]
    args = types.SimpleNamespace(
        num_epochs=1, precision="fp32", fsdp=False, rank=0, gradient_accumulation_steps=1, loss_multiplier_laion=1.0,
        loss_multiplier_mmc4=1.0, freeze_lm_embeddings=True, report_to_wandb=False, logging_steps=10**9, world_size=1,
    )  # fmt: skip
    train_utils.train_one_epoch(args, Model(), 0, *loaders, tokenizer, nothing, nothing, "cpu", None)
    return seen


def rows(ids, mask, labels):
    return [
        {"ids": i[m == 1].tolist(), "labels": l[m == 1].tolist(), "padding_counted": bool((l[m == 0] != -100).any())}
        for i, m, l in zip(ids, mask, labels)
    ]


def documents_of(data, train_utils, tokenizer, blank):
    draw = random.Random(0)
    found = []
    for case in range(60):
        sentences, sizes, similarity = document(draw, case)
        threshold, length = draw.choice([0.0, 0.24, 0.6]), draw.choice([256, 40, 20])
        record = {"sentences": sentences, "sizes": sizes, "similarity": similarity, "threshold": threshold, "max_length": length}
        data.random.random = lambda: 1.0  # documents of one picture are kept
        try:
            info = json.dumps(info_of(sentences, sizes, similarity))
            images, (ids, mask) = data.preprocess_interleaved([info], tokenizer, colour, threshold, 1, MAX_IMAGES, length)
        except ValueError as error:
            found.append(record | {"refused": str(error)})
            continue
        _, labels = labels_of(train_utils, tokenizer, blank, (images[None, :], [(ids, mask)]))
        pictures = [int(one) - 1 for one in images[:, 0, 0, 0].tolist() if one > 0]
        found.append(record | {"pictures": pictures} | rows(ids, mask, labels)[0])
    return found


def members_of(data):
    found = []
    for names in MEMBERS:
        files = [{"fname": name, "data": b"", "__url__": "shard"} for name in names]
        groups = [sample for sample in data.group_by_keys_nothrow(files)]
        found.append({"names": names, "groups": [[one["__key__"], *[k for k in one if not k.startswith("__")]] for one in groups]})
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--open-flamingo", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    data, train_utils = original(options.open_flamingo)
    written = {"max_pictures": MAX_IMAGES, "members": members_of(data)}
    for name, pad in {"pad_is_end": "</s>", "pad_apart": "<unk>"}.items():
        tokenizer = tokenizer_of(options.tokenizer, pad)
        ids, mask = data.preprocess_laion_text(CAPTIONS, tokenizer)
        pixels = torch.zeros(len(CAPTIONS), 3, 1, 1)
        pairs = (pixels, (ids, mask))
        blank = (pixels[:1], (ids[:1], mask[:1]))
        document = torch.zeros(1, 1, 3, 1, 1), [(ids[:1], mask[:1])]
        labels, _ = labels_of(train_utils, tokenizer, pairs, document)
        captions = [{"caption": caption} | row for caption, row in zip(CAPTIONS, rows(ids, mask, labels))]
        written[name] = {"captions": captions, "documents": documents_of(data, train_utils, tokenizer, blank)}
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(written).replace('{"caption', '\n{"caption').replace('{"sentences', '\n{"sentences').replace('{"names', '\n{"names')
    (options.out / "openFlamingo.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
