"""Files of torch.save and what is in them, for the reader of PyTorch files: golden/fixtures/torch.

    python export_torch.py --out ../fixtures/torch

Needs torch only. `expected.json` lists, for each file, {tensor: [dtype, shape, values]}, or null for one to be refused.
"""

import argparse
import collections
import os
from pathlib import Path

import torch
from torch import nn

from files import write_json


class Evil:
    def __reduce__(self):
        return os.system, ("echo harmless",)


def numbers(*shape, dtype=torch.float32):
    return (torch.arange(1, 1 + torch.Size(shape).numel()).reshape(shape) * 0.75 - 3).to(dtype)


def dtypes():
    floats = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
    whole = [torch.int64, torch.int32, torch.int16, torch.int8]
    tensors = {str(dtype): numbers(2, 3, dtype=dtype) for dtype in floats + whole}
    tensors["torch.uint8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)
    tensors["torch.bool"] = torch.tensor([[True], [False]])
    return tensors


def views():
    base = numbers(4, 6)
    return {
        "base": base,
        "same": base,
        "transposed": base.T,
        "slice": base[1:3],
        "columns": base[:, 1:5:2],
        "permuted": numbers(2, 3, 4).permute(2, 0, 1),
        "scalar": torch.tensor(2.5),
        "element": base[2, 3],
        "empty": torch.zeros(0, 3),
        "one": base[:, :1].expand(4, 1),
    }


def module():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.copy_(numbers(*parameter.shape))
    return layers


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    state = module().state_dict()
    files = {
        "dtypes.pt": dtypes(),
        "views.pt": views(),
        "module.bin": state,
        "parameters.pt": {"weight": nn.Parameter(numbers(2, 2)), "frozen": nn.Parameter(numbers(2), requires_grad=False)},
        "lightning.ckpt": {"epoch": 3, "seed": 1 << 40, "lr": [1e-3, None], "state_dict": state, "size": torch.Size([1, 2])},
        "deepspeed.pt": {"module": {"state_dict": collections.OrderedDict(state)}, "done": True, "name": "ü"},
    }
    expected = {}
    for name, saved in files.items():
        torch.save(saved, out / name)
        expected[name] = described(saved)
    torch.save(state, out / "protocol4.pt", pickle_protocol=4)
    expected["protocol4.pt"] = described(state)

    refused = {"whole-module.pt": module(), "evil.pt": {"weight": numbers(2), "note": Evil()}, "list.pt": [numbers(2)]}
    refused |= {"complex.pt": {"weight": numbers(2).to(torch.complex64)}, "expanded.pt": {"weight": numbers(1).expand(9)}}
    for name, saved in refused.items():
        torch.save(saved, out / name)
    torch.save(state, out / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(module()), out / "torchscript.pt")
    expected |= dict.fromkeys([*refused, "legacy.pt", "torchscript.pt"])

    for i, name in enumerate(state):
        torch.save({name: state[name]}, out / f"pytorch_model-{i + 1}.bin")
    shards = {name: f"pytorch_model-{i + 1}.bin" for i, name in enumerate(state)}
    write_json(out / "pytorch_model.bin.index.json", {"metadata": {}, "weight_map": shards})
    expected["pytorch_model.bin.index.json"] = described(state)
    write_json(out / "expected.json", {"_torch": torch.__version__, **expected})


def described(saved):
    while not all(isinstance(value, torch.Tensor) for value in saved.values()):
        saved = next(value for value in saved.values() if isinstance(value, dict))
    return {
        name: [str(t.dtype).removeprefix("torch."), list(t.shape), t.detach().double().flatten().tolist()]
        for name, t in saved.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
