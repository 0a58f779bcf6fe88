"""Writes golden/fixtures/edges.json: what PyTorch makes of NaN, infinities, ties, crossed bounds, whole numbers that
overflow, dtypes that meet and tensors without elements; values and gradients. Floats are computed in float64 and are
to be within rounding errors of float32; whole numbers are int32.

    python export_edges.py --out ../fixtures/edges.json

Each case is `op(inputs…)`; a tensor is [dtype, shape, values]. `grads` are those of the sum of the result.
"""

import argparse
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from files import write_json

INF, NAN = math.inf, math.nan
LEAST, MOST = -(2**31), 2**31 - 1
DTYPES = {torch.float64: "f32", torch.float32: "f32", torch.int32: "i32", torch.int64: "i32", torch.bool: "bool"}

SIZES = [NAN, 0.0, -0.0, 0.5, 1.0, -1.0, 2.0, INF, -INF]
UNARY = {
    "relu": torch.relu, "abs": torch.abs, "sign": torch.sign, "sigmoid": torch.sigmoid, "silu": F.silu,
    "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log": torch.log, "exp": torch.exp, "floor": torch.floor,
    "ceil": torch.ceil, "round": torch.round, "tanh": torch.tanh, "square": torch.square, "neg": torch.neg,
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum,
    "minimum": torch.minimum, "pow": torch.pow, "remainder": torch.remainder, "eq": torch.eq, "lt": torch.lt,
    "logicalAnd": torch.logical_and,
}  # fmt: skip


# torch's slope of the remainder in an infinite divisor is that of a quotient that it rounds in its own way
NO_GRADS = {"remainder of infinite divisors"}


def f32(*values):
    return torch.tensor(values, dtype=torch.float32)


def i32(*values):
    return torch.tensor(values, dtype=torch.int32)


def cases():
    """(name, op, PyTorch's op, inputs)"""
    for name, op in UNARY.items():
        yield f"{name} of any size", name, op, [f32(*SIZES)]
    grid = [(a, b) for a in SIZES for b in SIZES]
    for name in ("maximum", "minimum", "pow", "div", "mul", "eq", "lt", "logicalAnd"):
        yield f"{name} of any sizes", name, BINARY[name], [f32(*(a for a, _ in grid)), f32(*(b for _, b in grid))]
    finite = [(a, b) for a, b in grid if math.isfinite(a) and math.isfinite(b)]
    left, right = f32(*(a for a, _ in finite)), f32(*(b for _, b in finite))
    yield "remainder of any sizes", "remainder", torch.remainder, [left, right]
    yield "remainder of infinite divisors", "remainder", torch.remainder, [f32(5, -5, 5, 0, INF), f32(INF, INF, -INF, -INF, 3)]  # fmt: skip  # noqa: E501

    for low, high in ((0.5, 1.0), (2.0, 1.0), (NAN, 1.0), (0.0, NAN), (-INF, INF)):
        yield f"clamp to {low}, {high}", "clamp", torch.clamp, [f32(*SIZES), low, high]
    yield "clamp from below", "clampMin", torch.clamp_min, [f32(*SIZES), 0.5]
    yield "clamp from above", "clampMax", torch.clamp_max, [f32(*SIZES), 0.5]
    bounds = [(x, low, high) for x in (0.0, 1.0, 2.0, NAN) for low in (0.0, 1.0, 2.0, NAN) for high in (0.0, 1.0, 2.0, NAN)]
    yield "clamp to tensors", "clamp", torch.clamp, [f32(*column) for column in zip(*bounds, strict=True)]
    yield "clamp of whole numbers", "clamp", torch.clamp, [i32(-3, 0, 5), -1, 3]

    whole = [MOST, LEAST, 123456789, -7, 7, 0, 1, -1]
    pairs = [(a, b) for a in whole for b in whole]
    left, right = i32(*(a for a, _ in pairs)), i32(*(b for _, b in pairs))
    for name in ("add", "sub", "mul", "maximum", "minimum", "pow", "div", "eq", "lt"):
        yield f"{name} of whole numbers", name, BINARY[name], [left, right]
    divisible = [(a, b) for a, b in pairs if b != 0 and not (a == LEAST and b == -1)]
    left, right = i32(*(a for a, _ in divisible)), i32(*(b for _, b in divisible))
    yield "remainder of whole numbers", "remainder", torch.remainder, [left, right]
    for name in ("relu", "abs", "sign", "neg", "square", "floor", "round"):
        yield f"{name} of whole numbers", name, UNARY[name], [i32(*whole)]

    flags = torch.tensor([True, True, False]), torch.tensor([True, False, False])
    for name in ("add", "mul", "maximum", "minimum", "div", "eq", "logicalAnd"):
        yield f"{name} of truth values", name, BINARY[name], list(flags)
    for name in ("add", "mul", "pow", "remainder", "maximum", "div"):
        for kind, operand in (("whole number", 3), ("fraction", 0.5)):
            if name == "maximum":
                continue  # takes tensors only
            yield f"{name} of an i32 and a {kind}", name, BINARY[name], [i32(2, -5), operand]
            yield f"{name} of a bool and a {kind}", name, BINARY[name], [flags[0], operand]
        yield f"{name} of f32 and i32", name, BINARY[name], [f32(0.5, -2), i32(3, -7)]
    for name in ("sigmoid", "exp", "sqrt", "tanh"):
        yield f"{name} of truth values", name, UNARY[name], [flags[0]]
        yield f"{name} of small whole numbers", name, UNARY[name], [i32(-2, 0, 3)]
    yield "add of bool and i32", "add", torch.add, [flags[0], i32(5, 6, 7)]
    yield "mul by -0", "mul", torch.mul, [f32(1, 0, -1), -0.0]

    nothing = torch.zeros(0, 3)
    yield "sum over nothing", "sum", torch.sum, [nothing, 0]
    yield "mean over nothing", "mean", torch.mean, [nothing, 0]
    yield "logsumexp over nothing", "logsumexp", torch.logsumexp, [nothing, 0]
    yield "sum of nothing", "sum", torch.sum, [nothing, 1]
    yield "add of nothing and one", "add", torch.add, [nothing, torch.ones(1, 3)]
    yield "mul of nothing and a scalar", "mul", torch.mul, [nothing, torch.tensor(2.0)]
    yield "softmax over nothing", "softmax", torch.softmax, [nothing, 0]
    yield "matmul over nothing", "matmul", torch.matmul, [torch.zeros(2, 0), nothing]
    yield "amax with NaN and ties", "amax", torch.amax, [torch.tensor([[NAN, 1, 1], [3, 2, 3], [-INF, -INF, -INF]]), 1]
    yield "matmul of whole numbers", "matmul", torch.matmul, [torch.tensor([[MOST, 3], [-7, 65537]], dtype=torch.int32), torch.tensor([[2, -1], [65537, 5]], dtype=torch.int32)]  # fmt: skip  # noqa: E501


def widened(value):
    if not isinstance(value, torch.Tensor):
        return value
    return value.double() if value.is_floating_point() else value.clone()


def stored(value):
    if not isinstance(value, torch.Tensor):
        return number(value)
    return [DTYPES[value.dtype], list(value.shape), [number(x) for x in value.flatten().tolist()]]


def number(x):
    """JSON has neither NaN nor infinities, and readers differ about -0."""
    if isinstance(x, bool | int):
        return int(x)
    return x if math.isfinite(x) and (x != 0 or math.copysign(1, x) > 0) else str(x)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", required=True)
    out = Path(arguments.parse_args().out)
    listed = []
    for name, op, fn, inputs in cases():
        inputs = [widened(x) for x in inputs]
        leaves = [x.requires_grad_() for x in inputs if isinstance(x, torch.Tensor) and x.is_floating_point()]
        output = fn(*inputs)
        case = {"name": name, "op": op, "inputs": [stored(x) for x in inputs], "output": stored(output)}
        if output.requires_grad and name not in NO_GRADS:
            grads = torch.autograd.grad(output.sum(), leaves, allow_unused=True)
            case["grads"] = [None if g is None else stored(g) for g in grads]
        listed.append(case)
    write_json(out, {"source": {"torch": torch.__version__}, "cases": listed})
    print(f"{out}: {len(listed)} cases")


if __name__ == "__main__":
    main()
