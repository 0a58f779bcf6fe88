"""Proves that a checkpoint loads into the original PyTorch classes with `strict=True`: after `infimm convert`, say.

    python strict.py --original CLONE --model FOLDER [--same-as OTHER_FOLDER]

FOLDER holds config.json and weights: model.safetensors or pytorch_model.bin, or their shards with an index. With
`--same-as`, every parameter must also equal that of the other folder once it is rounded to the first one's dtype.
The original registers some modules twice. A file that lists such a tensor once, as safetensors' own `save_model` does,
is completed by the model's own sharing before it is loaded.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from original import build

WEIGHTS = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"]


def read(folder):
    """{stored name: tensor} of a folder."""
    name = next(name for name in WEIGHTS if (folder / name).exists())
    files = [name]
    if name.endswith(".json"):
        files = sorted(set(json.loads((folder / name).read_text())["weight_map"].values()))
    tensors = {}
    for file in files:
        path = folder / file
        load = load_file if path.suffix == ".safetensors" else lambda p: torch.load(p, "cpu", weights_only=True)
        tensors |= load(path)
    return tensors


def load_strictly(clone, folder):
    """The original model with the folder's weights; raises if a name or a shape does not fit."""
    model = build(clone, json.loads((folder / "config.json").read_text()))
    tensors = read(folder)
    if not any(name.startswith("model.") for name in tensors):
        model = model.model  # InfiMM-HD's files are those of its inner class
    names = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        names.setdefault(id(tensor), []).append(name)
    for group in names.values():
        stored = next((tensors[name] for name in group if name in tensors), None)
        if stored is not None:
            tensors |= {name: stored for name in group if name not in tensors}
    model.load_state_dict(tensors, strict=True)
    return model, tensors


def main(clone, folder, other):
    model, tensors = load_strictly(clone, folder)
    print(f"{folder}: {len(tensors)} names loaded with strict=True, {len(list(model.parameters()))} parameters")
    if other is None:
        return
    _, expected = load_strictly(clone, other)
    for name, tensor in tensors.items():
        if not torch.equal(tensor, expected[name].to(tensor.dtype)):
            raise SystemExit(f"{name} differs")
    print(f"every tensor equals that of {other}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--original", type=Path, required=True, help="a clone of InfiMM/infimm-zephyr")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--same-as", type=Path)
    args = parser.parse_args()
    main(args.original, args.model, args.same_as)
