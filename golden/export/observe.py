"""Runs an original model and records everything: module outputs and inputs, attention probabilities, logits, gradients.

The originals are not edited. Module outputs come from forward hooks. Attention probabilities, and a run that is float64
from end to end, come from a `TorchFunctionMode`, which sees every torch call that the originals make.
"""

import copy
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name

from original import modules_of, parameters_of

SOFTMAX = {"torch.Tensor.softmax", "torch.softmax", "torch.nn.functional.softmax"}
UNRECORDED = (nn.Dropout, nn.Identity, nn.ModuleList)


class True64(TorchFunctionMode):
    """Every request for float32 becomes one for float64, and a float32 result is an error.

    transformers computes RMSNorm, the softmax of attention, rotary tables and the loss in float32 whatever the model's
    dtype, so `model.double()` alone gives values that are right to 1e-7 only.
    """

    def __enter__(self):
        torch.set_default_dtype(torch.float64)
        return super().__enter__()

    def __exit__(self, *error):
        torch.set_default_dtype(torch.float32)
        return super().__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        swap = lambda value: torch.float64 if value is torch.float32 else value
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        result = func(*map(swap, args), **{key: swap(value) for key, value in (kwargs or {}).items()})
        for value in result if isinstance(result, tuple) else (result,):
            if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
                raise TypeError(f"{resolve_name(func)} made float32 in a float64 run")
        return result


class Observer(TorchFunctionMode):
    """Records one forward pass of `model` into `activations`, `module_inputs` and `taps` (use as a context)."""

    def __init__(self, model):
        super().__init__()
        self.activations, self.module_inputs, self.taps = {}, {}, {}
        self._model, self._running, self._repeated, self._hooks = model, [], set(), []

    def __enter__(self):
        for path, module in modules_of(self._model).items():
            self._hooks.append(module.register_forward_pre_hook(self._before(path), with_kwargs=True))
            self._hooks.append(module.register_forward_hook(self._after(path)))
        return super().__enter__()

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()
        for path in self._repeated:  # e.g. vision_encoder.rope, which serves q and k of every block
            del self.activations[path], self.module_inputs[path]
        return super().__exit__(*error)

    def _before(self, path):
        def hook(module, args, kwargs):
            self._running.append(path)
            tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
            if not isinstance(module, UNRECORDED) and tensors:
                self.module_inputs[path] = tensors[0].detach()

        return hook

    def _after(self, path):
        def hook(module, args, output):
            self._running.pop()
            output = output[0] if type(output) is tuple else output
            if isinstance(output, torch.Tensor) and not isinstance(module, UNRECORDED):
                if path in self.activations:
                    self._repeated.add(path)
                self.activations[path] = output.detach()

        return hook

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if self._running:
            tap = f"{self._running[-1]}:attn"
            if resolve_name(func) in SOFTMAX:
                self.taps[tap] = result
            elif func is torch.Tensor.masked_fill and args[0] is self.taps.get(tap):
                self.taps[tap] = result  # cross-attention empties the rows before the first image after the softmax
        return result


@dataclass
class Run:
    """What one forward and backward pass gave; dictionaries are by module path, tap name or parameter name."""

    activations: dict
    module_inputs: dict
    taps: dict
    logits: torch.Tensor
    loss: torch.Tensor
    grads: dict


def run(model, inputs, float64):
    """One forward and backward pass of the original on {pixel_values, input_ids, attention_mask}."""
    model = as_float64(model) if float64 else model
    dtype = torch.float64 if float64 else torch.float32
    with torch.enable_grad(), True64() if float64 else nullcontext():
        with Observer(model) as seen:
            output = model.model(
                inputs["pixel_values"].to(dtype),
                inputs["input_ids"],
                inputs["attention_mask"],
                labels=labels_of(inputs, model.model.media_token_id),
            )
        named = parameters_of(model)
        model.zero_grad()
        output.loss.backward()
    return Run(
        {path: value for path, value in seen.activations.items() if not path.endswith("rotary_emb")},
        seen.module_inputs,
        {tap: value.detach() for tap, value in seen.taps.items()},
        output.logits.detach(),
        output.loss.detach(),
        {name: tensor.grad.clone() for name, tensor in named.items() if tensor.grad is not None},
    )


@torch.no_grad()
def generate(model, inputs, float64, sequences=lambda output: output, **options):
    """New tokens only, by the original's own `generate` with its key/value cache. `sequences` finds the tokens in what
    that returns, for options that make it return more.

    A written <image> token, even in a beam that is dropped later, overwrites the original's memory of where the images
    of the prompt are, for all rows: no behaviour to match, so such inputs are refused."""
    model = as_float64(model) if float64 else model
    dtype = torch.float64 if float64 else torch.float32
    ids = inputs["input_ids"]

    def refuse_images(module, args, kwargs):
        if kwargs["input_ids"].shape[1] == 1 and (kwargs["input_ids"] == module.media_token_id).any():
            raise ValueError("the model wrote an <image> token: take other inputs")

    hook = model.model.lang_encoder.register_forward_pre_hook(refuse_images, with_kwargs=True)
    try:
        with True64() if float64 else nullcontext():
            out = model.model.generate(inputs["pixel_values"].to(dtype), ids, inputs["attention_mask"], **options)
    finally:
        hook.remove()
    return sequences(out)[:, ids.shape[1] :].clone()


def labels_of(inputs, image_token_id):
    """labels = input ids, -100 where the mask is 0 and at image tokens (the model shifts them itself)."""
    ids = inputs["input_ids"]
    return ids.masked_fill((inputs["attention_mask"] == 0) | (ids == image_token_id), -100)


def as_float64(model):
    """A float64 copy of a float32 model. Parameters and the vision tower's stored rotary tables keep their float32
    values exactly; the language model's rotary frequencies, which no checkpoint holds, are computed anew in float64."""
    if next(model.parameters()).dtype == torch.float64:
        return model
    model = copy.deepcopy(model).double()
    language = model.model.lang_encoder
    rotary = language.model.rotary_emb
    rotary.inv_freq = rope_frequencies(language.config)
    return model


def rope_frequencies(config):
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 1.0 / config.rope_parameters["rope_theta"] ** (torch.arange(0, head, 2, dtype=torch.float64) / head)


def relative_error(a, b):
    """||a - b|| / ||b||, in float64; 0 where both are 0."""
    a, b = a.double(), b.double()
    difference, size = (a - b).norm().item(), b.norm().item()
    return difference / size if size else float(difference > 0)
