"""Writes PyTorch's own table of ops, OpInfo's sample inputs, as cases for golden/standards.

    pip install torch==2.13.0 numpy expecttest && python export_opinfo.py --out opinfo

Taken: every op that a tensor library is expected to have, for float32, int32 and bool, at most `--most` samples of an op
and dtype, spread evenly; results are PyTorch's. `grads` are those of sum(result * upstream) in the tensor arguments.
`--reference` takes OpInfo's larger set: extreme values, NaN, infinities, strides, mixed dtypes.
Left out by name: linear algebra, FFT, special functions, windows, sparse, masked and complex tensors, random draws,
quantities that are PyTorch's own (strides, storage, named copies of views).
"""

import argparse
import collections
import math
import re
import warnings

import torch
from torch.testing._internal.common_methods_invocations import op_db

from case_file import CaseFile, Unfit

DTYPES = [torch.float32, torch.int32, torch.bool]
MOST_ELEMENTS = 20_000
NOT_OURS = re.compile(
    r"^(linalg|fft|special|signal|masked|sparse|jiterator|ops|torch)\b|^_|^to_sparse|^jiterator|"
    r"_copy$|_scatter$|^as_strided|^view_as_complex|^complex$|^polar$|^conj|^resolve_|^c(double|float|half)|^chalf$|"
    r"^(cauchy|exponential|geometric|log_normal|normal|uniform|bernoulli|multinomial|randn|rand|randint)|^rand\w*_like|"
    r"^(empty|new_empty|resize_|resize_as_|empty_strided|empty_like|empty_permuted)|^new_|stft|"
    r"^(cholesky|geqrf|lu|ormqr|qr|svd|pca|pinverse|triangular_solve|logdet|matrix_exp|svd_lowrank)|"
    r"^(polygamma|mvlgamma|digamma|lgamma|igamma|i0|erfinv|nextafter|frexp|hash_tensor|nonzero_static|histogram)|"
    r"dropout|rrelu|fractional|ctc_loss|max_unpool|_backward|native_|linear_cross_entropy|chunked|triton|unsafe_|"
    r"^(half|bfloat16|double|byte|char|short)$|multi_head_attention_forward|logspace|^nn.functional.pdist"
)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", required=True, help="the path of the two files, without an ending")
    arguments.add_argument("--most", type=int, default=10, help="samples an op and dtype")
    arguments.add_argument("--reference", action="store_true")
    options = arguments.parse_args()
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    file = CaseFile()
    left_out = collections.Counter()
    for op in op_db:
        name = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        if NOT_OURS.search(op.name) or NOT_OURS.search(op.variant_test_name):
            left_out["not ours"] += 1
            continue
        for dtype in DTYPES:
            if op.supports_dtype(dtype, "cpu"):
                export(op, name, dtype, options, file, left_out)
    print(file.write(options.out), "cases;", "left out:", dict(left_out))


def export(op, name, dtype, options, file, left_out):
    differentiable = dtype == torch.float32 and op.supports_autograd
    samples = op.reference_inputs if options.reference else op.sample_inputs
    drawn = list(samples("cpu", dtype, requires_grad=differentiable))
    drawn = [s for s in drawn if all(t.numel() <= MOST_ELEMENTS for t in tensors_in((s.input, s.args, s.kwargs)))]
    step = max(1, len(drawn) / options.most)
    for number in range(min(options.most, len(drawn))):
        sample = drawn[int(number * step)]
        try:
            case = case_of(op, sample, file, differentiable)
        except Unfit as reason:
            left_out[str(reason)] += 1
            continue
        except (RuntimeError, TypeError, NotImplementedError, ValueError, IndexError) as error:
            left_out[type(error).__name__] += 1
            continue
        file.cases.append({"name": f"{name} {str(dtype)[6:]} {number}", "op": name, **case})


def case_of(op, sample, file, differentiable):
    given = [encoded(value, file) for value in (sample.input, *sample.args)]
    named = {key: encoded(value, file) for key, value in sample.kwargs.items()}
    result = op(sample.input, *sample.args, **sample.kwargs)
    results = [r for r in tensors_in(result)] if not isinstance(result, bool | int | float) else [torch.tensor(result)]
    case = {"inputs": given, "attributes": named, "outputs": [file.tensor(array(r)) for r in results]}
    if not differentiable or not results or not results[0].requires_grad or not results[0].dtype == torch.float32:
        return case
    leaves = [t for t in tensors_in((sample.input, sample.args, sample.kwargs)) if t.requires_grad and t.is_leaf]
    upstream = torch.linspace(-1, 1.5, results[0].numel()).reshape(results[0].shape)
    grads = torch.autograd.grad((results[0] * upstream).sum(), leaves, allow_unused=True)
    case["upstream"] = file.tensor(upstream.numpy())
    case["grads"] = [None if g is None else file.tensor(array(g)) for g in grads]
    return case


def array(tensor):
    if tensor.layout != torch.strided or tensor.is_complex():
        raise Unfit("complex or sparse")
    tensor = tensor.detach().resolve_conj().resolve_neg()
    return (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy()


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)


def encoded(value, file):
    if isinstance(value, torch.Tensor):
        return {**file.tensor(array(value)), "grad": value.requires_grad and value.is_leaf}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value)[6:]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [encoded(item, file) for item in value]
    raise Unfit(type(value).__name__)


if __name__ == "__main__":
    main()
