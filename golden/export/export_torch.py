"""Files of torch.save and what is in them, for the reader of PyTorch files: golden/fixtures/torch.

    python export_torch.py --out ../fixtures/torch

Needs torch only. `globals.json` lists what torch.load(weights_only=True) lets a pickle name; `expected.json` lists, for each file, {tensor: [dtype, shape, values]}, or null for one to be refused.
"""

import argparse
import collections
import os
from pathlib import Path

import torch
from torch import _weights_only_unpickler, nn

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


class Pairs:
    """An OrderedDict as Python 2 pickled it: made of pairs."""

    def __reduce__(self):
        return collections.OrderedDict, ([["momentum", 0.9]],)


def with_attributes():
    tensor, parameter = numbers(2), nn.Parameter(numbers(2, 2))
    tensor.note, parameter.note = "of a tensor", "of a parameter"
    return {"tensor": tensor, "parameter": parameter}


def negative_bits():
    """Views whose values have the other sign than what is stored: the imaginary part of a conjugate is one."""
    pairs = torch.view_as_complex(numbers(3, 2))
    halves = {str(dtype): torch._neg_view(numbers(5, dtype=dtype)) for dtype in (torch.float16, torch.bfloat16)}
    views = {"imag": pairs.conj().imag, "double": pairs.to(torch.complex128).conj().imag}
    return views | halves | {"int": torch._neg_view(numbers(5, dtype=torch.int32)), "real": pairs.conj().real}


def float8():
    kinds = ["e4m3fn", "e5m2", "e8m0fnu", "e4m3fnuz", "e5m2fnuz"]
    return {kind: torch.arange(256, dtype=torch.uint8).view(getattr(torch, f"float8_{kind}")) for kind in kinds}


def unsigned():
    kinds = {torch.uint16: 2**16 - 1, torch.uint32: 2**31 - 1, torch.uint64: 2**31 - 1}
    return {str(dtype): torch.tensor([0, 1, most], dtype=dtype) for dtype, most in kinds.items()}


def beside():
    """All else that torch.load(weights_only=True) reads, beside the tensors: torch/_weights_only_unpickler.py."""
    extra = {
        "dtypes": [torch.float32, torch.float8_e5m2, torch.uint3, torch.qint8, torch.bits8, torch.complex64],
        "layouts": [torch.strided, torch.sparse_coo],
        "scheme": torch.per_tensor_affine,
        "devices": [torch.device("cpu"), torch.device("cuda", 1)],
        "python": [{1, 2}, b"\x00\xff", bytearray(b"ab"), 1 + 2j, None, (), (1, 2, 3, 4), -1.5, "\u00fc" * 300],
        "whole": [2**31, -(2**40), 2**64 - 1, -(2**70), 1 << 300],
        "dicts": [collections.Counter("abca"), collections.OrderedDict(a=1), Pairs(), {(1, 2): 3}],
        "storage": numbers(3)._typed_storage(),
        "odd": [numbers(2, 2).to_sparse(), numbers(2).to(torch.complex64), torch.empty(2, device="meta")],
        "size": torch.Size([2, 3]),
        "class": torch.FloatTensor,
    }
    return {"best": torch.tensor(0.5), "extra": extra, "state_dict": {"weight": numbers(2, 2), "step": 7, "note": b"x"}}


def odd_tensors():
    float_pair = torch.view_as_complex(numbers(2, 2))
    return {
        "complex": float_pair,
        "conjugate": float_pair.conj(),
        "complex32": float_pair.to(torch.complex32),
        "sparse": numbers(2, 2).to_sparse(),
        "sparse-rows": numbers(2, 2).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(numbers(4), 0.5, 3, torch.qint8),
        "quantised-rows": torch.quantize_per_channel(numbers(2, 4), torch.ones(2), torch.zeros(2), 0, torch.quint8),
        "nested": torch.nested.nested_tensor([numbers(2), numbers(3)]),
        "meta": torch.empty(2, 3, device="meta"),
        "float4": torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
        "bits": torch.zeros(2, dtype=torch.uint8).view(torch.bits8),
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
        "negative.pt": negative_bits(),
        "float8.pt": float8(),
        "unsigned.pt": unsigned(),
        "attributes.pt": with_attributes(),
        "beside.pt": beside(),
        "deepspeed.pt": {"module": {"state_dict": collections.OrderedDict(state)}, "done": True, "name": "ü"},
    }
    expected = {}
    for name, saved in files.items():
        torch.save(saved, out / name)
        expected[name] = described(saved)
        torch.load(out / name, weights_only=True)
    for name, saved in {"protocol4.pt": state, "beside4.pt": beside()}.items():
        torch.save(saved, out / name, pickle_protocol=4)
        expected[name] = described(saved)
    old = {"legacy.pt": state, "legacy-views.pt": views(), "legacy-dtypes.pt": dtypes(), "legacy-beside.pt": beside()}
    for name, saved in old.items():
        torch.save(saved, out / name, _use_new_zipfile_serialization=False)
        expected[name] = described(torch.load(out / name, weights_only=True))

    refused = {"whole-module.pt": module(), "evil.pt": {"weight": numbers(2), "note": Evil()}, "list.pt": [numbers(2)]}
    refused |= {"expanded.pt": {"weight": numbers(1).expand(9)}}
    refused |= {f"{name}.pt": {"weight": tensor} for name, tensor in odd_tensors().items()}
    for name, saved in refused.items():
        torch.save(saved, out / name)
    torch.jit.save(torch.jit.script(module()), out / "torchscript.pt")
    expected |= dict.fromkeys([*refused, "torchscript.pt"])

    for i, name in enumerate(state):
        torch.save({name: state[name]}, out / f"pytorch_model-{i + 1}.bin")
    shards = {name: f"pytorch_model-{i + 1}.bin" for i, name in enumerate(state)}
    write_json(out / "pytorch_model.bin.index.json", {"metadata": {}, "weight_map": shards})
    expected["pytorch_model.bin.index.json"] = described(state)
    write_json(out / "globals.json", sorted(_weights_only_unpickler._get_allowed_globals()))
    write_json(out / "expected.json", {"_torch": torch.__version__, **expected})


def described(saved):
    while inner := saved.get("state_dict", saved.get("module")):
        saved = inner
    return {
        name: [str(t.dtype).removeprefix("torch."), list(t.shape), [json_number(x) for x in t.detach().double().flatten()]]
        for name, t in saved.items()
        if isinstance(t, torch.Tensor)
    }


def json_number(x):
    return x.item() if x.isfinite() else str(x.item())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
