"""Seeded weights and inputs: any value of any tensor from its name, the same on both sides.

    key  --FNV-1a, 32 bit, over UTF-8-->  seed
    element i (row-major)  --mulberry32 at state seed + (i + 1) * 0x6D2B79F5-->  u in [0, 1)
    r = 2 u - 1

mulberry32 only ever adds a constant to its state, so element i is computed directly, without the ones before it.

Value rules, by the name of the tensor (the last part of a parameter's path decides):

    1-D and ends in "weight"   1 + 0.1 r
    ends in "bias"             0.1 r
    ends in "gate"             0.5 r
    everything else            0.2 r

evaluated in float64, rounded to float32, and for the stored golden sets once more to bfloat16, so that a bf16 file
holds them exactly. The vision tower's rotary tables are buffers: computed by the original, stored as float32.
"""

import numpy as np
import torch


def fnv1a32(text):
    state = 0x811C9DC5
    for byte in text.encode("utf-8"):
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return state


def uniform(key, indices):
    """u in [0, 1) (float64) of the named stream at the given positions (any integer array)."""
    indices = np.asarray(indices, dtype=np.uint64)
    with np.errstate(over="ignore"):
        state = (np.uint64(fnv1a32(key)) + (indices + np.uint64(1)) * np.uint64(0x6D2B79F5)).astype(np.uint32)
        t = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
        t = t ^ (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61)))
    return (t ^ (t >> np.uint32(14))).astype(np.float64) / 4294967296.0


def rnd(key, shape, scale=1.0):
    """r in [-1, 1), times `scale`, as a float32 tensor."""
    count = int(np.prod(shape))
    parts = [2.0 * uniform(key, np.arange(at, min(at + (1 << 22), count))) - 1.0 for at in range(0, count, 1 << 22)]
    flat = np.concatenate(parts) if parts else np.zeros(0)
    return torch.from_numpy((flat * scale).astype(np.float32).reshape(shape))


def weight_value(name, shape):
    """A parameter of a tiny set, float32, from its name and shape."""
    u = uniform(name, np.arange(int(np.prod(shape))))
    r = 2.0 * u - 1.0
    if name.endswith("weight") and len(shape) == 1:
        value = 1.0 + 0.1 * r
    elif name.endswith("bias"):
        value = 0.1 * r
    elif name.endswith("gate"):
        value = 0.5 * r
    else:
        value = 0.2 * r
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def is_rope_buffer(name):
    return name.rsplit(".", 1)[-1] in ("freqs_cos", "freqs_sin")


@torch.no_grad()
def fill(tensors, bf16, prefix=""):
    """Fills {name: parameter or buffer} by recipe (`prefix` is cut from the names first); rotary tables stay."""
    for name, tensor in tensors.items():
        if not is_rope_buffer(name):
            value = weight_value(name.removeprefix(prefix), tuple(tensor.shape))
            tensor.copy_(value.to(torch.bfloat16) if bf16 else value)
