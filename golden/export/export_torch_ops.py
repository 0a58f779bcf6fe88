"""Writes golden/fixtures/torch-ops: what torch answers to calls of its functions, with values and gradients in float64.

    python export_torch_ops.py --out ../fixtures/torch-ops

`calls.json` lists the calls as they are written: `args` in torch's order, "$name" for a tensor, `options` for what torch takes
by keyword. The library takes both under the same names in camelCase. Tensors are laid out as export_ops.py lays them out.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from files import write_json, write_tensors
from observe import relative_error
from recipe import rnd


@dataclass
class Call:
    name: str
    run: Callable
    inputs: dict
    args: list = field(default_factory=list)
    options: dict = field(default_factory=dict)
    op: str = ""
    grads: bool = True


def pointwise():
    curve = rnd("curve", (3, 9), 6)
    inside = rnd("inside", (2, 9), 0.95)
    edges = torch.tensor([-3.0, -1.5, -0.5, -1e-6, 0.0, 1e-6, 0.5, 1.0, 2.5, 3.0, 7.0, 30.0])
    for op in ("trunc", "frac", "expm1", "tan", "sinh", "cosh", "atan", "asinh", "exp2"):
        yield Call(op, getattr(torch, op), {"x": torch.cat([curve.flatten(), edges])})
    for op in ("asin", "acos", "atanh", "log1p"):
        yield Call(op, getattr(torch, op), {"x": inside})
    yield Call("log1p-small", torch.log1p, {"x": rnd("small", (9,), 1e-4)})
    yield Call("expm1-small", torch.expm1, {"x": rnd("small", (9,), 1e-4)})
    yield Call("acosh", torch.acosh, {"x": 3.1 + rnd("above", (9,), 2)})
    yield Call("asinh-far", torch.asinh, {"x": torch.tensor([-1e30, -1e5, 1e5, 1e12, 3e38])})
    yield Call("sinh-far", torch.sinh, {"x": torch.tensor([-89.0, 89.0, 60.0])}, grads=False)
    for op in ("reciprocal", "log2", "log10"):
        yield Call(op, getattr(torch, op), {"x": 1.1 + rnd("positive", (9,))})
    both = {"a": rnd("a", (3, 4), 5), "b": 3 * rnd("b", (3, 4)) + 0.01}
    yield Call("fmod", torch.fmod, both)
    yield Call("atan2", torch.atan2, both)
    zero = torch.tensor([0.0, -0.0, 1.0, -1.0, torch.inf, -torch.inf])
    yield Call("atan2-edges", torch.atan2, {"a": zero[:, None], "b": zero}, grads=False)
    yield Call("logaddexp", torch.logaddexp, {"a": rnd("a", (3, 4), 5), "b": rnd("b", (4,), 50)})
    yield Call("logaddexp-infinite", torch.logaddexp, {"a": zero[4:], "b": zero[4:]}, grads=False)
    odd = torch.tensor([torch.nan, torch.inf, -torch.inf, 0.0, 3e38])
    for op in ("isnan", "isinf", "isfinite"):
        yield Call(op, getattr(torch, op), {"x": odd}, grads=False)
    flags = torch.tensor([True, False, True, False])
    yield Call("logical_xor", torch.logical_xor, {"a": flags, "b": flags.flip(0).roll(1)}, grads=False)
    yield Call("bitwise_not", torch.bitwise_not, {"x": torch.tensor([0, 1, -7, 2**31 - 1], dtype=torch.int32)})
    yield Call("bitwise_not-bool", torch.bitwise_not, {"x": flags})
    bits = {"a": torch.tensor([[0, 1, -1], [2**31 - 1, -(2**31), 0x5A5A5A5A]], dtype=torch.int32),
            "b": torch.tensor([-7, 0x0F0F0F0F, 6], dtype=torch.int32)}  # fmt: skip
    for op in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        yield Call(op, getattr(torch, op), bits)
        yield Call(f"{op}-number", getattr(torch, op), {"a": bits["a"]}, ["$a", 12])
        yield Call(f"{op}-mixed", getattr(torch, op), bits | {"a": flags[:3]})
        yield Call(f"{op}-bool", getattr(torch, op), {"a": flags, "b": flags.flip(0).roll(1)})
    places = torch.tensor([[1, 0, 31], [30, 32, -1]], dtype=torch.int32)
    for op in ("bitwise_left_shift", "bitwise_right_shift"):
        yield Call(op, getattr(torch, op), {"a": bits["a"], "b": places})
        yield Call(f"{op}-rows", getattr(torch, op), {"a": bits["a"], "b": torch.tensor([2, 100, 5], dtype=torch.int32)})
        yield Call(f"{op}-number", getattr(torch, op), {"a": bits["a"]}, ["$a", 3])
    yield Call("lerp", torch.lerp, {"start": (3, 4), "end": (4,), "weight": (3, 1)})
    three = {"x": (3, 4), "a": (4,), "b": 1.5 + rnd("b", (3, 1))}
    yield Call("addcmul", torch.addcmul, three, options={"value": 0.5})
    yield Call("addcdiv", torch.addcdiv, three, options={"value": -2})


def activations():
    x = {"x": torch.cat([rnd("activation", (20,), 6), torch.tensor([0.0, 25.0, -25.0, 90.0, -90.0])])}
    for op in ("softplus", "logsigmoid", "softsign", "tanhshrink", "mish", "elu", "celu", "selu", "leaky_relu", "relu6",
               "hardsigmoid", "hardswish", "hardtanh", "hardshrink", "softshrink"):  # fmt: skip
        yield Call(op, getattr(F, op), x)
    yield Call("softplus-options", F.softplus, x, options={"beta": 2, "threshold": 5})
    for op in ("elu", "celu"):
        yield Call(f"{op}-alpha", getattr(F, op), x, options={"alpha": 0.5})
    yield Call("leaky_relu-slope", F.leaky_relu, x, options={"negative_slope": 0.3})
    yield Call("hardtanh-bounds", F.hardtanh, x, options={"min_val": -2, "max_val": 0.5})
    yield Call("prelu", F.prelu, {"x": (2, 3, 2), "weight": (3,)})
    yield Call("glu", F.glu, {"x": (3, 6)})
    yield Call("glu-first", F.glu, {"x": (4, 3)}, ["$x", 0])


def statistics():
    x = {"x": (3, 5)}
    zeros = {"x": torch.tensor([[1.5, 0.0, -2.0], [0.0, 3.0, 0.0], [2.0, -0.5, 4.0]])}
    yield Call("std", torch.std, x, ["$x", 1], {"correction": 0, "keepdim": True})
    yield Call("std-all", torch.std, x)
    yield Call("std-constant", torch.std, {"x": torch.full((2, 3), 1.5)}, ["$x", 1])
    for p in (0, 1, 2, 3, torch.inf, -torch.inf):
        label = str(p).replace("-", "minus-")
        order = {"inf": "Infinity", "-inf": "-Infinity"}.get(str(p), p)
        yield Call(f"vector_norm-{label}", torch.linalg.vector_norm, zeros, ["$x", order, 1], grads=p != 0)
    yield Call("norm", torch.norm, x, ["$x", 2, [0, 1]])
    yield Call("norm-zero", torch.norm, {"x": torch.zeros(2, 3)}, ["$x", 2, 1])
    yield Call("normalize", F.normalize, x)
    yield Call("normalize-options", F.normalize, x, options={"p": 1, "dim": 0})
    yield Call("cosine_similarity", F.cosine_similarity, {"a": (3, 5), "b": (3, 5)})
    yield Call("cosine_similarity-last", F.cosine_similarity, {"a": (2, 3, 5), "b": (2, 3, 5)}, options={"dim": -1})
    ties = torch.tensor([[1.0, 3.0, 3.0, -2.0], [0.5, 0.5, 0.5, 0.5]])
    for op in ("max", "min"):
        yield Call(op, getattr(torch, op), x, ["$x", 0])
        yield Call(f"{op}-keepdim", getattr(torch, op), x, ["$x", -1, True])
    yield Call("max-ties", torch.max, {"x": ties}, ["$x", 1])
    yield Call("prod", torch.prod, {"x": (3, 7)}, ["$x", 1])
    yield Call("prod-zeros", torch.prod, zeros, ["$x", 0, True])
    yield Call("prod-all", torch.prod, {"x": (3, 3)})
    yield Call("prod-whole", torch.prod, {"x": torch.tensor([[2, 3, 5], [7, -1, 4]], dtype=torch.int32)}, ["$x", 1])
    yield Call("prod-none", torch.prod, {"x": torch.zeros(2, 0)}, ["$x", 1], grads=False)
    yield Call("cumprod", torch.cumprod, {"x": (2, 7)}, ["$x", 1])
    yield Call("cumprod-zeros", torch.cumprod, zeros, ["$x", 0])
    yield Call("logcumsumexp", torch.logcumsumexp, {"x": rnd("log", (2, 7), 20)}, ["$x", 1])


def arranging():
    x = {"x": (3, 4)}
    flags = {"x": torch.tensor([[True, True, False], [True, True, True]])}
    for diagonal in (-1, 0, 2):
        yield Call(f"tril-{diagonal}", torch.tril, {"x": (2, 3, 4)}, ["$x", diagonal])
        yield Call(f"triu-{diagonal}", torch.triu, {"x": (4, 3)}, ["$x", diagonal])
        yield Call(f"diagonal-{diagonal}", torch.diagonal, x, ["$x", diagonal])
        yield Call(f"diag-{diagonal}", torch.diag, {"x": (3,)}, ["$x", diagonal])
    yield Call("tril-bool", torch.tril, flags)
    yield Call("diagonal-dims", torch.diagonal, {"x": (2, 3, 4)}, ["$x", 1, -1, 0])
    yield Call("diagonal-none", torch.diagonal, x, ["$x", 4])
    yield Call("diag-matrix", torch.diag, x, ["$x", 1])
    yield Call("eye", torch.eye, {}, [3, 4], grads=False)
    picture = {"x": (1, 2, 3, 4)}
    yield Call("pad", F.pad, picture, ["$x", [1, 2, 0, 1]], {"value": 0.5})
    yield Call("pad-negative", F.pad, picture, ["$x", [-1, 2, 1, -1]])
    yield Call("pad-channels", F.pad, picture, ["$x", [0, 0, 0, 0, 1, 0]])
    for mode in ("reflect", "replicate", "circular"):
        yield Call(f"pad-{mode}", F.pad, picture, ["$x", [2, 3, 1, 2]], {"mode": mode})
    yield Call("pad-reflect-line", F.pad, {"x": (2, 5)}, ["$x", [4, 1]], {"mode": "reflect"})
    yield Call("roll", torch.roll, x, ["$x", 2])
    yield Call("roll-dims", torch.roll, x, ["$x", [1, -3], [0, 1]])
    yield Call("flip", torch.flip, x, ["$x", [0, 1]])
    yield Call("flip-bool", torch.flip, flags, ["$x", [-1]])
    yield Call("repeat_interleave", torch.repeat_interleave, x, ["$x", 2])
    yield Call("repeat_interleave-dim", torch.repeat_interleave, x, ["$x", 3, 1])
    counts = torch.tensor([2, 0, 1])
    yield Call("repeat_interleave-list", lambda x, _, dim: torch.repeat_interleave(x, counts, dim), x,
               ["$x", [2, 0, 1], 0], op="repeat_interleave")  # fmt: skip
    yield Call("linspace", torch.linspace, {}, [-1, 2.5, 6], grads=False)
    yield Call("linspace-one", torch.linspace, {}, [3, 7, 1], grads=False)
    yield Call("one_hot", F.one_hot, {"x": torch.tensor([[0, 2], [3, 1]])}, ["$x", 4], grads=False)


def indexing():
    x, index = (3, 4), torch.tensor([[0, 2, 1], [2, 2, 0]])
    unique = torch.tensor([[0, 2, 1], [2, 1, 0]])
    mask = torch.tensor([[True, False, True, True], [False, False, True, False], [True, True, True, False]])
    yield Call("scatter", torch.scatter, {"x": x, "index": unique, "src": (2, 3)}, ["$x", 1, "$index", "$src"])
    yield Call("scatter-first", torch.scatter, {"x": x, "index": unique, "src": (2, 3)}, ["$x", 0, "$index", "$src"])
    yield Call("scatter-value", torch.scatter, {"x": x, "index": index}, ["$x", 1, "$index", 2.5])
    yield Call("scatter-bool", torch.scatter, {"x": mask, "index": index}, ["$x", 1, "$index", True])
    line = torch.tensor([2, 0])
    yield Call("index_add", torch.index_add, {"x": x, "index": line, "src": (3, 2)}, ["$x", 1, "$index", "$src"])
    yield Call("index_copy", torch.index_copy, {"x": x, "index": line, "src": (2, 4)}, ["$x", 0, "$index", "$src"])
    yield Call("index_fill", torch.index_fill, {"x": x, "index": line}, ["$x", 1, "$index", -1.5])
    yield Call("take", torch.take, {"x": x, "index": torch.tensor([[0, 11], [-1, 5]])})
    rows, columns = torch.tensor([[0], [-1]]), torch.tensor([1, 3, 0])
    yield Call("take_at", lambda x, i: x[tuple(i)], {"x": (3, 4, 2), "i": rows, "j": columns},
               ["$x", ["$i", "$j"]], op="take_at")  # fmt: skip
    put = {"x": (3, 4, 2), "i": rows, "j": columns, "v": (3, 2)}
    yield Call("index_put", torch.index_put, put, ["$x", ["$i", "$j"], "$v"])
    yield Call("index_put-add", torch.index_put, {"x": (3, 4), "i": torch.tensor([1, 1, -1]), "v": (4,)},
               ["$x", ["$i"], "$v"], {"accumulate": True})  # fmt: skip
    many = torch.tensor([[0, 2, 1, 2, 2, 0], [3, 3, 3, 3, 3, 3]])
    zeros = torch.tensor([[0.0, 3.0, -2.0, 0.0, 1.5, 2.0], [1.5, -2.0, 0.5, 3.0, 1.0, -1.0]])
    ties = torch.tensor([[2.0, 5.0, 1.0, 5.0, 5.0, 3.0], [1.0, 4.0, 4.0, -1.0, 4.0, 2.0]])
    same = torch.tensor([[3.0, 0.0, 5.0, 1.0], [0.0, 1.0, 2.0, 4.0]])
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include in (True, False):
            options, label = {"include_self": include}, "" if include else "-alone"
            yield Call(f"scatter_reduce-{reduce}{label}", torch.scatter_reduce, {"x": (2, 4), "index": many, "src": (2, 6)},
                       ["$x", 1, "$index", "$src", reduce], options)  # fmt: skip
        yield Call(f"scatter_reduce-{reduce}-first", torch.scatter_reduce,
                   {"x": (4, 6, 2), "index": torch.stack([many, many[[1, 0]]], -1), "src": (2, 6, 2)},
                   ["$x", 0, "$index", "$src", reduce])  # fmt: skip
    yield Call("scatter_reduce-prod-zeros", torch.scatter_reduce, {"x": same, "index": many, "src": zeros},
               ["$x", 1, "$index", "$src", "prod"])  # fmt: skip
    for reduce, sign in (("amax", 1), ("amin", -1)):
        yield Call(f"scatter_reduce-{reduce}-ties", torch.scatter_reduce, {"x": sign * same, "index": many, "src": sign * ties},
                   ["$x", 1, "$index", "$src", reduce])  # fmt: skip
    whole = {"x": torch.tensor([3, -4, 5], dtype=torch.int32), "index": torch.tensor([2, 0, 2]),
             "src": torch.tensor([7, -9, 2], dtype=torch.int32)}  # fmt: skip
    for reduce in ("sum", "prod", "amax", "amin"):
        yield Call(f"scatter_reduce-{reduce}-whole", torch.scatter_reduce, whole, ["$x", 0, "$index", "$src", reduce])
    yield Call("masked_scatter", torch.masked_scatter, {"x": x, "mask": mask, "src": (2, 5)})
    yield Call("nonzero", torch.nonzero, {"x": mask}, op="nonzero_sync")
    yield Call("masked_select", torch.masked_select, {"x": (2, 3, 4), "mask": mask}, op="masked_select_sync")


def losses():
    target = torch.tensor([0, -100, 4, 2, -100, 2])
    scores = {"input": (6, 5), "target": target}
    weight = scores | {"count": 1.2 + rnd("weights", (5,))}
    maps = {"input": (2, 3, 2, 2), "target": torch.tensor([[[0, 2], [1, 1]], [[2, 1], [0, 1]]])}
    soft = {"input": (4, 5), "target": torch.softmax(rnd("soft", (4, 5)), -1)}
    for reduction in ("mean", "sum", "none"):
        options = {"reduction": reduction, "label_smoothing": 0.1}
        yield Call(f"cross_entropy-{reduction}", F.cross_entropy, weight, ["$input", "$target"],
                   options | {"weight": "$count"})  # fmt: skip
        yield Call(f"cross_entropy-soft-{reduction}", F.cross_entropy, soft, options=options)
        yield Call(f"nll_loss-{reduction}", F.nll_loss, weight, ["$input", "$target"],
                   {"reduction": reduction, "weight": "$count"})  # fmt: skip
        for op in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"):
            yield Call(f"{op}-{reduction}", getattr(F, op), {"input": rnd("far", (3, 4), 3), "target": (3, 4)},
                       options={"reduction": reduction})  # fmt: skip
    yield Call("cross_entropy-maps", F.cross_entropy, maps, options={"ignore_index": 1})
    yield Call("cross_entropy-one", F.cross_entropy, {"input": (5,), "target": torch.tensor(3)})
    yield Call("huber_loss-delta", F.huber_loss, {"input": rnd("far", (3, 4), 3), "target": (3, 4)}, options={"delta": 0.4})
    yield Call("smooth_l1_loss-beta", F.smooth_l1_loss, {"input": rnd("far", (3, 4), 3), "target": (3, 4)}, options={"beta": 0.4})
    truth = {"input": rnd("logit", (3, 4), 8), "target": (rnd("truth", (3, 4)) > 0).float()}
    yield Call("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, truth)
    yield Call("binary_cross_entropy_with_logits-options", F.binary_cross_entropy_with_logits,
               truth | {"count": 1.1 + rnd("w", (4,)), "pos": 2.2 + rnd("p", (4,))}, ["$input", "$target"],
               {"weight": "$count", "pos_weight": "$pos", "reduction": "sum"})  # fmt: skip
    yield Call("binary_cross_entropy", F.binary_cross_entropy,
               {"input": 0.5 + rnd("p", (3, 4), 0.45), "target": 0.5 + rnd("t", (3, 4), 0.5)})  # fmt: skip
    logs = {"input": torch.log_softmax(rnd("kl", (3, 4)), -1), "target": torch.softmax(rnd("klt", (3, 4)), -1)}
    for reduction in ("mean", "batchmean"):
        yield Call(f"kl_div-{reduction}", F.kl_div, logs, options={"reduction": reduction})
    yield Call("kl_div-log", F.kl_div, logs | {"target": logs["target"].log()}, options={"log_target": True, "reduction": "sum"})
    yield Call("cosine_embedding_loss", F.cosine_embedding_loss,
               {"a": (4, 5), "b": (4, 5), "y": torch.tensor([1.0, -1.0, 1.0, -1.0])}, options={"margin": -0.5})  # fmt: skip


def layers():
    picture = {"x": (2, 3, 7, 6)}
    yield Call("max_pool2d", F.max_pool2d, picture, ["$x", 2])
    yield Call("max_pool2d-options", F.max_pool2d, picture, ["$x", [3, 2]], {"stride": [2, 1], "padding": [1, 0], "dilation": 2})
    options = {"stride": [3, 2], "padding": 1, "ceil_mode": True}
    blocked = {"x": torch.where(rnd("blocked", (1, 2, 5, 5)) > 0.3, rnd("open", (1, 2, 5, 5)), -torch.inf)}
    for op, x in (("max_pool2d", picture), ("max_pool2d-blocked", blocked)):
        yield Call(f"{op}-indices", F.max_pool2d, x, ["$x", [3, 2]], options | {"return_indices": True}, op="max_pool2d")
        yield Call(f"{op}-ceil", F.max_pool2d, x, ["$x", 2], {"stride": 4, "padding": 1, "ceil_mode": True, "dilation": 2},
                   op="max_pool2d")  # fmt: skip
    for count in (True, False):
        yield Call(f"avg_pool2d-ceil-{count}", F.avg_pool2d, picture, ["$x", [3, 4]],
                   {"stride": [2, 3], "padding": [1, 2], "ceil_mode": True, "count_include_pad": count})  # fmt: skip
    yield Call("avg_pool2d", F.avg_pool2d, picture, ["$x", 3])
    for count in (True, False):
        options = {"stride": 2, "padding": 1, "count_include_pad": count}
        yield Call(f"avg_pool2d-{count}", F.avg_pool2d, picture, ["$x", [2, 3]], options)
    affine = {"x": (2, 6, 3, 2), "weight": (6,), "bias": (6,)}
    yield Call("group_norm", F.group_norm, affine, ["$x", 3, "$weight", "$bias", 1e-5])
    yield Call("group_norm-plain", F.group_norm, {"x": (2, 4, 5)}, ["$x", 2])
    yield Call("instance_norm", F.instance_norm, affine, ["$x"], {"weight": "$weight", "bias": "$bias"})
    product = {"x": (4,), "a": (3, 5), "b": (5, 4)}
    yield Call("addmm", torch.addmm, product)
    yield Call("addmm-options", torch.addmm, product, options={"beta": 0.5, "alpha": -2})
    yield Call("baddbmm", torch.baddbmm, {"x": (2, 3, 4), "a": (2, 3, 5), "b": (2, 5, 4)}, options={"alpha": 0.5})
    yield Call("outer", torch.outer, {"a": (3,), "b": (4,)})


def einsums():
    for label, equation, *shapes in (
        ("trace", "ii", (4, 4)), ("diagonal", "bii->bi", (2, 3, 3)), ("diagonal-apart", "iji->ij", (3, 2, 3)),
        ("thrice", "iii->i", (3, 3, 3)), ("sum", "ij->", (2, 3)), ("turned", "ba", (2, 3)),
        ("matmul", "ij,jk", (2, 3), (3, 4)), ("batches", "bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("spaces", "b ij, b jk -> b ik", (2, 3, 4), (2, 4, 5)), ("outer", "i,j->ji", (2,), (3,)),
        ("elementwise", "ij,ij->ij", (2, 3), (2, 3)), ("repeated", "ii,ij->j", (3, 3), (3, 2)),
        ("dots", "...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2)), ("dots-implicit", "...kB,ja...", (5, 2, 3), (4, 2, 5)),
        ("dots-summed", "...ij->ij", (2, 3, 2)), ("dots-last", "i...->...", (2, 3, 2)), ("scalars", ",i->i", (), (3,)),
        ("bilinear", "bn,anm,bm->ba", (2, 3), (5, 3, 4), (2, 4)), ("chain", "ij,jk,kl,lm->im", (2, 3), (3, 4), (4, 2), (2, 3)),
        ("three-dots", "...i,...i,...->...", (1, 3), (1, 3), (4,)), ("three-summed", "...,...,...->", (1,), (1,), (4,)),
        ("three-once", "ia,jb,kc->ijk", (2, 3), (2, 2), (3, 2)),
    ):  # fmt: skip
        inputs = dict(zip("abcd", shapes))
        yield Call(f"einsum-{label}", torch.einsum, inputs, [equation, *(f"${key}" for key in inputs)])


def scalars():
    x, at, line = {"x": ()}, torch.tensor(0), torch.tensor([0])
    for op in ("sum", "mean", "amax", "amin", "any", "all", "argmax", "argmin", "cumsum", "cumprod", "logcumsumexp", "prod",
               "squeeze", "softmax", "log_softmax", "logsumexp", "sort", "max", "min"):  # fmt: skip
        for dim in (0, -1):
            yield Call(f"scalar-{op}-{dim}", getattr(torch, op), x, ["$x", dim], op=op)
    yield Call("scalar-flip", torch.flip, x, ["$x", [-1]], op="flip")
    yield Call("scalar-transpose", torch.transpose, x, ["$x", 0, -1], op="transpose")
    yield Call("scalar-topk", torch.topk, x, ["$x", 1, -1], op="topk")
    yield Call("scalar-sum-keepdim", torch.sum, x, ["$x", [0], True], op="sum")
    yield Call("scalar-max-keepdim", torch.max, x, ["$x", 0, True], op="max")
    yield Call("scalar-std", torch.std, x, ["$x", -1], {"correction": 0}, op="std")
    yield Call("scalar-norm", torch.linalg.vector_norm, x, ["$x", 3, 0], op="vector_norm")
    yield Call("scalar-gather", torch.gather, x | {"index": at}, ["$x", 0, "$index"], op="gather")
    yield Call("scalar-index_select", torch.index_select, x | {"index": line}, ["$x", -1, "$index"], op="index_select")
    both = x | {"index": at, "src": ()}
    for op in ("scatter", "scatter_add"):
        yield Call(f"scalar-{op}", getattr(torch, op), both, ["$x", -1, "$index", "$src"], op=op)
    yield Call("scalar-index_copy", torch.index_copy, x | {"index": line, "src": ()}, ["$x", 0, "$index", "$src"], op="index_copy")
    yield Call("scalar-index_fill", torch.index_fill, x | {"index": line}, ["$x", 0, "$index", 2.5], op="index_fill")


def resampling():
    picture, line = {"x": (1, 2, 5, 4)}, {"x": (2, 1, 6)}
    larger, smaller, factor = {"size": [7, 9]}, {"size": [2, 3]}, {"scale_factor": [1.3, 0.6]}
    for mode in ("nearest", "nearest-exact", "area", "bilinear", "bicubic"):
        for label, options in {"larger": larger, "smaller": smaller, "factor": factor}.items():
            yield Call(f"interpolate-{mode}-{label}", F.interpolate, picture, ["$x"], options | {"mode": mode})
    for mode in ("nearest", "nearest-exact", "area", "linear"):
        yield Call(f"interpolate-{mode}-line", F.interpolate, line, ["$x"], {"size": 4, "mode": mode})
    corners = ("linear", line, 9), ("linear", line, 1), ("bilinear", picture, [3, 7]), ("bicubic", picture, [8, 2])
    for mode, inputs, size in corners:
        options = {"size": size, "mode": mode, "align_corners": True}
        yield Call(f"interpolate-{mode}-corners-{size if size == 1 else 'all'}", F.interpolate, inputs, ["$x"], options)
    for mode in ("bilinear", "bicubic"):
        options = {"mode": mode, "antialias": True}
        for label, more in {"larger": larger, "smaller": smaller, "factor": factor}.items():
            yield Call(f"interpolate-{mode}-antialias-{label}", F.interpolate, picture, ["$x"], options | more)
        yield Call(f"interpolate-{mode}-antialias-corners", F.interpolate, picture, ["$x"],
                   options | smaller | {"align_corners": True})  # fmt: skip
    yield Call("interpolate-bilinear-same", F.interpolate, picture, ["$x"], {"scale_factor": 1.1, "mode": "bilinear"})
    # in these three torch's gradient is of other weights than its values are
    yield Call("interpolate-bicubic-same", F.interpolate, picture, ["$x"], {"scale_factor": 1.1, "mode": "bicubic"}, grads=False)
    yield Call("interpolate-bilinear-antialias-same", F.interpolate, picture, ["$x"],
               {"scale_factor": 1.1, "mode": "bilinear", "antialias": True}, grads=False)  # fmt: skip
    yield Call("interpolate-nearest-exact-tie", F.interpolate, {"x": (1, 1, 2)}, ["$x"],
               {"size": 55, "mode": "nearest-exact"}, grads=False)  # fmt: skip
    yield Call("interpolate-default", F.interpolate, {"x": (1, 2, 2, 3, 2)}, ["$x"], {"scale_factor": 2})
    yield Call("interpolate-trilinear", F.interpolate, {"x": (1, 2, 2, 3, 2)}, ["$x"], {"size": [3, 2, 4], "mode": "trilinear"})


def norms():
    def layer(x, weight, bias, eps, shape):
        return F.layer_norm(x, shape, weight, bias, eps)

    def rms(x, weight, eps, shape):
        return F.rms_norm(x, shape, weight, eps)

    whole = {"x": (2, 3, 4), "weight": (3, 4), "bias": (3, 4)}
    yield Call("layer_norm-dims", layer, whole, ["$x", "$weight", "$bias", 1e-5, [3, 4]], op="layer_norm")
    yield Call("layer_norm-plain", layer, {"x": (3, 4)}, ["$x", None, None, 1e-5, [4]], op="layer_norm")
    yield Call("layer_norm-plain-dims", layer, {"x": (3, 4)}, ["$x", None, None, 1e-3, [3, 4]], op="layer_norm")
    yield Call("layer_norm-weight", layer, {"x": (3, 4), "weight": (4,)}, ["$x", "$weight", None, 1e-5, [4]], op="layer_norm")
    yield Call("layer_norm-bias", layer, {"x": (3, 4), "bias": (4,)}, ["$x", None, "$bias", 1e-5, [4]], op="layer_norm")
    yield Call("rms_norm-dims", rms, {"x": (2, 3, 4), "weight": (3, 4)}, ["$x", "$weight", 1e-5, [3, 4]], op="rms_norm")
    yield Call("rms_norm-plain", rms, {"x": (3, 4)}, ["$x", None, 1e-5, [4]], op="rms_norm")
    mean, var = rnd("mean", (3,)), 1.5 + rnd("var", (3,))
    for label, shape in (("2d", (4, 3)), ("4d", (2, 3, 2, 4))):
        batch = {"x": shape, "mean": mean, "var": var}
        affine = batch | {"weight": (3,), "bias": (3,)}
        options = {"weight": "$weight", "bias": "$bias"}
        yield Call(f"batch_norm-{label}", F.batch_norm, affine, ["$x", "$mean", "$var"], options)
        yield Call(f"batch_norm-plain-{label}", F.batch_norm, batch, ["$x", "$mean", "$var"], {"eps": 1e-3})
        yield Call(f"batch_norm-training-{label}", F.batch_norm, {"x": shape, "weight": (3,), "bias": (3,)}, ["$x", None, None],
                   options | {"training": True})  # fmt: skip
        yield Call(f"running_statistics-{label}", running, batch, options={"momentum": 0.3}, grads=False)


def running(x, mean, var, momentum):
    """The running statistics that a training step leaves behind."""
    mean, var = mean.clone(), var.clone()
    F.batch_norm(x, mean, var, training=True, momentum=momentum)
    return mean, var


def slicing():
    for start, end, step in ((-1, -8, -1), (5, 1, -2), (9, 0, -3), (1, 4, -1), (2, -9, -1), (-9, -9, -1), (0, -9, -4), (1, 6, 2)):
        def stepped(x, dim, start, end, step):
            return x.index_select(dim, torch.from_numpy(np.arange(x.shape[dim])[start:end:step].copy()))

        yield Call(f"slice_{start}_{end}_{step}", stepped, {"x": (2, 7)}, ["$x", -1, start, end, step], op="slice")
    for numbers in ((0, 7, 3), (-2, 9, 2), (5, -4, -3), (4, 4, -1), (0, 6, 3)):
        yield Call("arange-" + "-".join(map(str, numbers)), torch.arange, {}, list(numbers), grads=False)


def convolutions():
    line = {"x": (2, 4, 7), "weight": (6, 2, 3), "bias": (6,)}
    turned = {"x": (2, 4, 3), "weight": (4, 3, 3), "bias": (6,)}
    picture = {"x": (2, 4, 3, 2), "weight": (4, 3, 2, 3), "bias": (6,)}
    options = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    yield Call("conv1d", F.conv1d, {"x": (2, 4, 7), "weight": (3, 4, 3)})
    yield Call("conv1d-options", F.conv1d, line, options=options)
    yield Call("conv_transpose1d", F.conv_transpose1d, {"x": (2, 4, 3), "weight": (4, 3, 3)})
    yield Call("conv_transpose1d-options", F.conv_transpose1d, turned, options=options | {"output_padding": 1})
    yield Call("conv_transpose2d", F.conv_transpose2d, {"x": (1, 2, 3, 2), "weight": (2, 3, 2, 2)})
    yield Call("conv_transpose2d-options", F.conv_transpose2d, picture,
               options={"stride": [3, 2], "padding": [2, 1], "output_padding": [2, 0], "groups": 2, "dilation": [1, 2]})  # fmt: skip
    yield Call("adaptive_avg_pool1d", F.adaptive_avg_pool1d, {"x": (2, 3, 7)}, ["$x", 3])
    yield Call("adaptive_avg_pool2d", F.adaptive_avg_pool2d, {"x": (2, 3, 7, 4)}, ["$x", [3, 6]])
    yield Call("adaptive_avg_pool2d-square", F.adaptive_avg_pool2d, {"x": (2, 3, 7, 4)}, ["$x", 2])
    yield Call("adaptive_max_pool1d", F.adaptive_max_pool1d, {"x": (2, 3, 7)}, ["$x", 3])
    yield Call("adaptive_max_pool1d-longer", F.adaptive_max_pool1d, {"x": (2, 3, 4)}, ["$x", 6])
    yield Call("adaptive_max_pool2d", F.adaptive_max_pool2d, {"x": (2, 3, 7, 4)}, ["$x", [3, 6]])
    yield Call("adaptive_max_pool2d-indices", F.adaptive_max_pool2d, {"x": (2, 3, 7, 5)}, ["$x", [3, 2]],
               {"return_indices": True})  # fmt: skip
    yield Call("adaptive_max_pool2d-ties", F.adaptive_max_pool2d, {"x": torch.ones(1, 2, 5, 5)}, ["$x", 2],
               {"return_indices": True})  # fmt: skip
    windows = {"stride": 2, "padding": 1}
    for op in ("max_pool1d", "avg_pool1d"):
        yield Call(op, getattr(F, op), {"x": (2, 3, 7)}, ["$x", 2])
    yield Call("max_pool1d-options", F.max_pool1d, {"x": (2, 3, 7)}, ["$x", 3], windows | {"dilation": 2})
    yield Call("avg_pool1d-options", F.avg_pool1d, {"x": (2, 3, 7)}, ["$x", 3], windows | {"count_include_pad": False})
    yield Call("max_pool1d-indices", F.max_pool1d, {"x": (2, 3, 8)}, ["$x", 3],
               windows | {"ceil_mode": True, "return_indices": True})  # fmt: skip
    yield Call("avg_pool1d-ceil", F.avg_pool1d, {"x": (2, 3, 8)}, ["$x", 3], windows | {"ceil_mode": True})
    film = {"x": (2, 4, 5, 4, 3), "weight": (6, 2, 2, 3, 2), "bias": (6,)}
    yield Call("conv3d", F.conv3d, {"x": (1, 2, 3, 4, 3), "weight": (3, 2, 2, 3, 2)})
    yield Call("conv3d-options", F.conv3d, film, options={"stride": 2, "padding": 1, "dilation": [3, 1, 2], "groups": 2})
    back = {"x": (2, 4, 3, 2, 3), "weight": (4, 3, 2, 3, 2), "bias": (6,)}
    yield Call("conv_transpose3d", F.conv_transpose3d, {"x": (1, 2, 3, 2, 2), "weight": (2, 3, 2, 2, 2)})
    yield Call("conv_transpose3d-options", F.conv_transpose3d, back,
               options={"stride": [3, 2, 1], "padding": [1, 2, 1], "output_padding": [2, 0, 1], "groups": 2,
                        "dilation": [1, 1, 2]})  # fmt: skip
    yield Call("conv3d-sides", F.conv3d, film | {"weight": (6, 4, 2, 3, 2)}, options={"stride": [1, 2, 3], "padding": [0, 2, 1]})


def calls():
    for group in (pointwise, activations, statistics, arranging, indexing, losses, layers, einsums, scalars, resampling,
                  slicing, norms, convolutions):  # fmt: skip
        yield from group()


NUMBERS = {"Infinity": torch.inf, "-Infinity": -torch.inf}
FIXED = ("target", "y", "count", "pos", "mean", "var")  # what torch gives no gradient for


def filled(value, leaves):
    """The call's arguments, with tensors in the place of "$name"."""
    if isinstance(value, str):
        return leaves[value[1:]] if value.startswith("$") else NUMBERS.get(value, value)
    if isinstance(value, list):
        return [filled(item, leaves) for item in value]
    return {key: filled(item, leaves) for key, item in value.items()} if isinstance(value, dict) else value


def run(call, inputs, dtype):
    leaves = {
        key: x.to(dtype).detach().clone().requires_grad_(call.grads and key not in FIXED) if x.is_floating_point() else x
        for key, x in inputs.items()
    }
    outputs = call.run(*filled(call.args, leaves), **filled(call.options, leaves))
    outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
    if not outputs[0].requires_grad:
        return outputs, None, {}
    upstream = rnd(f"{call.name}/upstream", tuple(outputs[0].shape))
    (outputs[0] * upstream.to(dtype)).sum().backward()
    return outputs, upstream, {key: x.grad for key, x in leaves.items() if x.is_floating_point() and x.grad is not None}


def error_of(got, want):
    """relative_error of what is finite; what is not has to be equal."""
    finite = torch.isfinite(want)
    return relative_error(got[finite], want[finite]) if finite.any() else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    tensors, index = {}, []
    for call in calls():
        inputs = {key: x if isinstance(x, torch.Tensor) else rnd(f"{call.name}/{key}", x) for key, x in call.inputs.items()}
        call.args = call.args or [f"${key}" for key in inputs]
        exact, upstream, grads = run(call, inputs, torch.float64)
        single, _, single_grads = run(call, inputs, torch.float32)
        named = {f"inputs/{key}": x for key, x in inputs.items()} | {f"output.{i}": x for i, x in enumerate(exact)}
        named |= {f"grads/{key}": g for key, g in grads.items()} | ({"upstream": upstream} if grads else {})
        error = {f"output.{i}": error_of(a, b) for i, (a, b) in enumerate(zip(single, exact))}
        error |= {f"grads/{key}": error_of(single_grads[key], g) for key, g in grads.items()}
        for key, value in named.items():
            value = value.to(torch.uint8) if value.dtype == torch.bool else value
            value = value.int() if value.dtype == torch.int64 else value
            tensors[f"{call.name}/{key}"] = value.float() if value.is_floating_point() else value
        index.append({
            "name": call.name, "op": call.op or call.name.split("-")[0],
            "args": call.args, "options": call.options, "outputs": len(exact), "grads": list(grads),
            "bool": [key for key, x in named.items() if x.dtype == torch.bool],
            "float32_error": {key: float(f"{e:.3g}") for key, e in error.items()},
        })  # fmt: skip
    write_tensors(out / "calls.safetensors", tensors)
    write_json(out / "calls.json", {"format": 1, "source": {"torch": torch.__version__}, "calls": index})
    print(f"{out}: {len(index)} calls, {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
