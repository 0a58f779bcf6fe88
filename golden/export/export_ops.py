"""Writes golden/fixtures/ops: values and gradients of single torch operations, from float64 runs.

    python export_ops.py --out ../fixtures/ops

`ops.json` lists the cases; the tensors of case NAME are NAME/inputs/<name>, NAME/output (or NAME/output.0, ... of an op
with several results), NAME/upstream and NAME/grads/<name>: the gradients of sum(first output * upstream).
Inputs are float32 values, so that both sides start from the same numbers; results are rounded to float32.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F

from files import write_json, write_tensors
from observe import relative_error
from recipe import rnd

LOWEST = torch.finfo(torch.float32).min


@dataclass
class Case:
    name: str
    op: str
    run: Callable
    inputs: dict
    args: dict = field(default_factory=dict)
    grads: bool = True


def cases():
    """Inputs are shapes (values r in [-1, 1) of the key "<case>/<input>"), or tensors where the values matter."""
    ties = torch.tensor([[1.0, 3.0, 3.0, -2.0], [0.5, 0.5, 0.5, 0.5]])
    mixed = torch.tensor([-3.0, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.0])
    index = torch.tensor([[0, 2, 1], [3, 3, 0]])
    flags = torch.tensor([[True, False, True, True], [False, False, True, False], [True, True, True, False]])

    yield Case("softmax", "softmax", F.softmax, {"x": (2, 3, 5)}, {"dim": -1})
    yield Case("softmax-middle", "softmax", F.softmax, {"x": (2, 3, 5)}, {"dim": 1})
    yield Case("softmax-large", "softmax", F.softmax, {"x": rnd("large", (3, 7), 25)}, {"dim": -1})
    yield Case(
        "softmax-lowest",
        "softmax",
        F.softmax,
        {"x": torch.tensor([[LOWEST] * 4, [LOWEST, 0, 1, LOWEST]])},
        {"dim": -1},
        False,
    )
    yield Case(
        "softmax-minus-infinity", "softmax", F.softmax, {"x": torch.tensor([[0.5, -torch.inf, 1.5]])}, {"dim": -1}
    )
    yield Case("log_softmax", "log_softmax", F.log_softmax, {"x": (3, 5)}, {"dim": -1})
    yield Case("log_softmax-large", "log_softmax", F.log_softmax, {"x": rnd("large", (3, 7), 25)}, {"dim": -1})
    yield Case("logsumexp", "logsumexp", torch.logsumexp, {"x": (3, 5)}, {"dim": -1})

    norm = {"x": (2, 3, 8), "weight": (8,), "bias": (8,)}
    yield Case("layer_norm", "layer_norm", layer_norm, norm, {"eps": 1e-5})
    yield Case(
        "layer_norm-near-constant", "layer_norm", layer_norm, norm | {"x": 1 + rnd("near", (2, 8), 1e-3)}, {"eps": 1e-6}
    )
    yield Case(
        "layer_norm-far-from-zero", "layer_norm", layer_norm, norm | {"x": 300 + rnd("far", (2, 8))}, {"eps": 1e-5}
    )
    yield Case("rms_norm", "rms_norm", rms_norm, {"x": (2, 3, 8), "weight": (8,)}, {"eps": 1e-5})

    curve = {"x": rnd("curve", (4, 9), 6)}
    for op in ("silu", "sigmoid", "tanh", "relu", "softplus", "elu"):
        yield Case(op, op, getattr(F, op), curve)
    yield Case("gelu", "gelu", F.gelu, curve, {"approximate": "none"})
    yield Case("gelu-tanh", "gelu", F.gelu, curve, {"approximate": "tanh"})
    for op in ("exp", "erf", "sin", "cos", "expm1"):
        yield Case(op, op, getattr(torch, op), curve)
    for op in ("log", "sqrt", "rsqrt", "reciprocal", "log1p"):
        yield Case(op, op, getattr(torch, op), {"x": 1.1 + rnd("positive", (3, 5))})
    for op in ("abs", "sign", "neg", "floor", "ceil", "round", "trunc"):
        yield Case(op, op, getattr(torch, op), {"x": mixed})

    pair = {"a": (2, 1, 5), "b": (3, 1)}
    for op in ("add", "sub", "mul"):
        yield Case(f"{op}-broadcast", op, getattr(torch, op), pair)
    yield Case("div-broadcast", "div", torch.div, {"a": (2, 1, 5), "b": 1.2 + rnd("divisor", (3, 1))})
    yield Case("remainder", "remainder", torch.remainder, {"a": mixed, "b": torch.tensor(1.25)}, grads=False)
    yield Case("pow-square", "pow", torch.pow, {"x": (3, 4)}, {"exponent": 2})
    yield Case("pow-cube", "pow", torch.pow, {"x": mixed}, {"exponent": 3})
    yield Case("pow-fraction", "pow", torch.pow, {"x": 1.1 + rnd("positive", (3, 5))}, {"exponent": -0.75})
    yield Case("pow-tensor", "pow", torch.pow, {"a": 1.1 + rnd("positive", (3, 5)), "b": (5,)})
    yield Case("pow-zero-exponent", "pow", torch.pow, {"x": mixed}, {"exponent": 0})
    yield Case("maximum-ties", "maximum", torch.maximum, {"a": ties, "b": torch.tensor([1.0, 2.0, 3.0, 0.0])})
    yield Case("minimum-ties", "minimum", torch.minimum, {"a": ties, "b": torch.tensor([1.0, 2.0, 3.0, 0.0])})
    yield Case("clamp", "clamp", torch.clamp, {"x": mixed}, {"min": -1.5, "max": 1.5})
    yield Case("where", "where", torch.where, {"condition": flags, "a": (3, 4), "b": (4,)})
    yield Case("masked_fill", "masked_fill", torch.masked_fill, {"x": (3, 4), "mask": flags}, {"value": -7.0})

    for op in ("sum", "mean", "amax", "amin"):
        yield Case(f"{op}-dims", op, getattr(torch, op), {"x": (2, 3, 4)}, {"dim": [0, 2], "keepdim": True})
    yield Case("sum-all", "sum", torch.sum, {"x": (2, 3, 4)})
    yield Case("amax-ties", "amax", torch.amax, {"x": ties}, {"dim": -1})
    yield Case("amin-ties", "amin", torch.amin, {"x": ties}, {"dim": -1})
    yield Case("argmax-ties", "argmax", torch.argmax, {"x": ties}, {"dim": -1}, False)
    yield Case("var", "var", torch.var, {"x": (3, 6)}, {"dim": -1, "correction": 1})
    yield Case("var-biased", "var", torch.var, {"x": (3, 6)}, {"dim": [0, 1], "correction": 0})
    yield Case("var-far-from-zero", "var", torch.var, {"x": 1000 + rnd("far", (2, 8))}, {"dim": -1, "correction": 0})
    yield Case("std", "std", torch.std, {"x": (3, 6)}, {"dim": 0, "correction": 1})
    yield Case("norm", "norm", torch.linalg.vector_norm, {"x": (3, 6)}, {"dim": -1})
    yield Case("cumsum", "cumsum", torch.cumsum, {"x": (2, 5)}, {"dim": -1})
    yield Case("cumsum-bool", "cumsum", torch.cumsum, {"x": flags}, {"dim": 1}, False)
    yield Case("cumsum-first", "cumsum", torch.cumsum, {"x": (4, 3)}, {"dim": 0})

    yield Case("gather", "gather", gather, {"x": (2, 4), "index": index}, {"dim": 1})
    yield Case("gather-first", "gather", gather, {"x": (4, 3), "index": index}, {"dim": 0})
    yield Case("scatter_add", "scatter_add", scatter_add, {"x": (2, 4), "index": index, "src": (2, 3)}, {"dim": 1})
    yield Case(
        "index_select", "index_select", index_select, {"x": (3, 5), "index": torch.tensor([4, 0, 0])}, {"dim": 1}
    )
    yield Case("embedding", "embedding", F.embedding, {"ids": torch.tensor([[1, 4, 2, 1]]), "weight": (5, 3)})
    yield Case(
        "embedding-padding-row",
        "embedding",
        F.embedding,
        {"ids": torch.tensor([[1, 4, 2, 1]]), "weight": (5, 3)},
        {"padding_idx": 2},
    )
    yield Case("topk", "topk", torch.topk, {"x": (3, 7)}, {"k": 3, "dim": -1})
    yield Case("sort-stable", "sort", torch.sort, {"x": ties}, {"dim": -1, "stable": True})
    yield Case("sort-descending", "sort", torch.sort, {"x": (3, 6)}, {"dim": -1, "descending": True})
    yield Case("tril", "tril", torch.tril, {"x": (2, 4, 5)}, {"diagonal": 1})
    yield Case("triu", "triu", torch.triu, {"x": (4, 5)}, {"diagonal": -1})
    yield Case("pad", "pad", F.pad, {"x": (2, 3)}, {"pad": [1, 2, 0, 1], "value": 0.5})
    yield Case("cat", "cat", cat, {"a": (2, 3), "b": (2, 2)}, {"dim": 1})

    yield Case("matmul-broadcast", "matmul", torch.matmul, {"a": (2, 1, 3, 5), "b": (4, 5, 2)})
    yield Case("matmul-vector", "matmul", torch.matmul, {"a": (3, 5), "b": (5,)})
    yield Case("linear", "linear", F.linear, {"x": (2, 3, 5), "weight": (4, 5), "bias": (4,)})
    for name, equation, a, b in (
        ("attention-scores", "... i d, ... j d -> ... i j", (2, 2, 3, 5), (2, 2, 4, 5)),
        ("attention-values", "... i j, ... j d -> ... i d", (2, 2, 3, 4), (2, 2, 4, 5)),
        ("outer", "i, j -> i j", (3,), (4,)),
        ("sum-out", "b i k, k j -> b j", (2, 3, 4), (4, 5)),
        ("hadamard", "i j, j i -> i j", (3, 4), (4, 3)),
    ):
        yield Case(f"einsum-{name}", "einsum", einsum, {"a": a, "b": b}, {"equation": equation})

    picture = {"x": (2, 4, 7, 6), "weight": (6, 4, 3, 3), "bias": (6,)}
    yield Case("conv2d", "conv2d", F.conv2d, picture, {"stride": 1, "padding": 0})
    yield Case("conv2d-stride-padding", "conv2d", F.conv2d, picture, {"stride": [2, 1], "padding": [1, 2]})
    yield Case(
        "conv2d-groups",
        "conv2d",
        F.conv2d,
        picture | {"weight": (6, 2, 3, 3)},
        {"stride": 1, "padding": 1, "groups": 2},
    )
    yield Case("conv2d-dilation", "conv2d", F.conv2d, picture, {"stride": 1, "padding": 2, "dilation": 2})
    yield Case(
        "conv2d-patches", "conv2d", F.conv2d, {"x": (1, 3, 8, 8), "weight": (5, 3, 4, 4), "bias": (5,)}, {"stride": 4}
    )
    for name, grid, size in (("up", (3, 3), [5, 5]), ("down", (6, 6), [4, 4]), ("uneven", (4, 3), [7, 2])):
        args = {"size": size, "mode": "bicubic", "align_corners": False}
        yield Case(f"interpolate-bicubic-{name}", "interpolate", F.interpolate, {"x": (1, 2, *grid)}, args)

    heads = {"query": (2, 4, 3, 8), "key": (2, 4, 5, 8), "value": (2, 4, 5, 8)}
    grouped = {"query": (1, 4, 5, 8), "key": (1, 2, 5, 8), "value": (1, 2, 5, 8)}
    mask = torch.tensor([[True, False, True, True, False], [False] * 5, [True] * 5])
    lowest = torch.zeros(mask.shape).masked_fill(~mask, LOWEST)
    yield Case("sdpa", "sdpa", sdpa, heads)
    yield Case("sdpa-scale", "sdpa", sdpa, heads, {"scale": 0.5})
    yield Case("sdpa-causal-grouped", "sdpa", sdpa, grouped, {"is_causal": True, "enable_gqa": True})
    yield Case("sdpa-bool-mask", "sdpa", sdpa, heads | {"attn_mask": mask})
    yield Case("sdpa-lowest-mask", "sdpa", sdpa, heads | {"attn_mask": lowest}, grads=False)
    yield Case(
        "cross_entropy",
        "cross_entropy",
        cross_entropy,
        {"input": (6, 5), "target": torch.tensor([0, -100, 4, 2, -100, 2])},
        {"ignore_index": -100},
    )
    yield Case(
        "cross_entropy-sum",
        "cross_entropy",
        cross_entropy,
        {"input": (3, 5), "target": torch.tensor([4, 0, 1])},
        {"reduction": "sum"},
    )


def layer_norm(x, weight, bias, eps):
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


def rms_norm(x, weight, eps):
    return F.rms_norm(x, x.shape[-1:], weight, eps)


def einsum(a, b, equation):
    return torch.einsum(equation, a, b)


def gather(x, index, dim):
    return torch.gather(x, dim, index)


def scatter_add(x, index, src, dim):
    return torch.scatter_add(x, dim, index, src)


def index_select(x, index, dim):
    return torch.index_select(x, dim, index)


def cat(a, b, dim):
    return torch.cat([a, b], dim)


def sdpa(query, key, value, attn_mask=None, **args):
    return F.scaled_dot_product_attention(query, key, value, attn_mask, **args)


def cross_entropy(input, target, **args):
    return F.cross_entropy(input, target, **args)


def run(case, inputs, dtype):
    """(results, upstream gradient, {input: gradient}) in one dtype."""
    leaves = {
        key: x.to(dtype).detach().clone().requires_grad_(case.grads) if x.is_floating_point() else x
        for key, x in inputs.items()
    }
    outputs = case.run(*leaves.values(), **case.args)
    outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
    if not case.grads:
        return outputs, None, {}
    upstream = rnd(f"{case.name}/upstream", tuple(outputs[0].shape))
    (outputs[0] * upstream.to(dtype)).sum().backward()
    return outputs, upstream, {key: x.grad for key, x in leaves.items() if x.is_floating_point() and x.grad is not None}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    tensors, index = {}, []
    for case in cases():
        inputs = {
            key: x if isinstance(x, torch.Tensor) else rnd(f"{case.name}/{key}", x) for key, x in case.inputs.items()
        }
        exact, upstream, grads = run(case, inputs, torch.float64)
        single, _, single_grads = run(case, inputs, torch.float32)
        names = ["output"] if len(exact) == 1 else [f"output.{i}" for i in range(len(exact))]
        named = {f"inputs/{key}": x for key, x in inputs.items()} | dict(zip(names, exact))
        named |= {f"grads/{key}": g for key, g in grads.items()} | ({"upstream": upstream} if case.grads else {})
        error = {name: relative_error(a, b) for name, a, b in zip(names, single, exact)}
        error |= {f"grads/{key}": relative_error(single_grads[key], g) for key, g in grads.items()}
        for key, value in named.items():
            value = value.to(torch.uint8) if value.dtype == torch.bool else value
            tensors[f"{case.name}/{key}"] = value.float() if value.is_floating_point() else value
        index.append({
            "name": case.name, "op": case.op, "args": case.args, "inputs": list(inputs), "output": names,
            "grads": list(grads), "bool": [key for key, x in inputs.items() if x.dtype == torch.bool],
            "float32_error": {key: float(f"{e:.3g}") for key, e in error.items()},
        })  # fmt: skip
    write_tensors(out / "ops.safetensors", tensors)
    remarks = {
        "_bool": "what is named in `bool` is boolean, stored as u8",
        "_sdpa": "torch gives a query row without any key zeros, with a bool mask; the models' own attention adds the"
        " lowest finite number instead and so attends uniformly (sdpa-lowest-mask)",
        "_embedding": "padding_idx: that row gets no gradient",
    }
    write_json(out / "ops.json", {"format": 1, "source": {"torch": torch.__version__}, **remarks, "cases": index})
    print(f"{out}: {len(index)} cases, {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
