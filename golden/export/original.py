"""The original PyTorch models, imported unedited from a clone that the user names.

Nothing of the published code (CC BY-NC 4.0) is part of this project. Two repositories are understood:

    InfiMM/infimm-zephyr   the Zephyr model. The same files serve Llama and Vicuna, which were published without code:
                           the g and E towers are flags of its vision class, and LLaMA fits its language mixin.
    InfiMM/mllm-hd         InfiMM-HD, stage 1 (no resampler, vector gates)

    model = build(clone, config)     # config: the dictionary of a config.json; float32, random weights, eval mode

Module and parameter paths of what `build` returns are the canonical ones (`model.vision_encoder...`,
`model.perceiver...`, `model.lang_encoder.model.layers.N...`); `parameters_of` and `modules_of` list each thing once.
"""

import contextlib
import importlib
import io
import sys
import types
from pathlib import Path

from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

LANGUAGE_MODELS = {"mistral": (MistralConfig, MistralForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}


def build(clone, config):
    """The original model for `config` (a dictionary as in config.json), from the clone that holds its code."""
    build_family = _build_hd if config["model_type"] == "infimm-hd" else _build_zephyr_line
    model = build_family(clone, config).eval()
    # transformers 5 leaves a mask of ones out of the calls that generate makes; the originals' forward wants the name
    model.model.lang_encoder.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"attention_mask": None, **kwargs}), with_kwargs=True
    )
    return model


def parameters_of(model):
    """{canonical name: parameter or persistent buffer}, each tensor once."""
    seen, tensors = set(), {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            tensors[name] = tensor
    return tensors


def modules_of(model):
    """{canonical path: module}, each module once, without the root."""
    return {path: module for path, module in model.named_modules() if path}


# ---- the two families -------------------------------------------------------------------------------------------


def _build_zephyr_line(clone, config):
    """InfiMM-Zephyr, -Llama and -Vicuna: one outer class; only the language model's class differs."""
    package = zephyr_package(clone)
    modeling = package("modeling_infimm_zephyr")

    class Model(modeling.InfiMMZephyrModel):
        def build_language_encoder(self):
            return _language_model(self.language_config)

    fields = {key: value for key, value in config.items() if key not in _HUB_FIELDS}
    return Model(package("configuration_infimm_zephyr").InfiMMConfig(**fields))


def _build_hd(clone, config):
    """InfiMM-HD. Its outer class downloads a language model, a tokenizer and a checkpoint in the constructor, so only
    its vision builder and its Flamingo are used; the attribute `model` keeps the paths of the other variants."""
    infimm = hd_package(clone)("infimm")

    class Model(infimm.InfiMMModel):
        def __init__(self):
            nn.Module.__init__(self)
            self.config = config
            self.vision_config = config["visual"]
            language = _language_model(config["language"])
            infimm.extend_instance(language, infimm.FlamingoLMMixin)
            language.set_decoder_layers_attr_name(infimm._infer_decoder_layers_attr_name(language))
            self.model = infimm.Flamingo(
                self.build_vision_encoder(),
                language,
                config["eoc_token_id"],
                config["image_token_id"],
                vis_dim=self.vision_config["width"],
                cross_attn_every_n_layers=config["cross_attn_every_n_layers"],
            )

    return Model()


_HUB_FIELDS = {"_name_or_path", "architectures", "auto_map", "torch_dtype", "transformers_version"}


def _language_model(language):
    """The decoder with eager attention, so that attention probabilities exist and the arithmetic is the plain one."""
    config_class, model_class = LANGUAGE_MODELS[language["model_type"]]
    fields = {key: value for key, value in language.items() if key not in _HUB_FIELDS | {"model_type"}}
    return model_class(config_class(**fields, attn_implementation="eager"))


# ---- importing a folder as a package ----------------------------------------------------------------------------


def zephyr_package(clone):
    """A function that imports a file of a clone of InfiMM/infimm-zephyr: `zephyr_package(clone)("helpers")`."""
    return _import_package("original_infimm_zephyr", Path(clone))


def hd_package(clone):
    """The same for InfiMM/mllm-hd."""
    return _import_package("original_infimm_hd", Path(clone) / "model")


def _import_package(name, folder):
    """Makes `folder` the package `name` (its files import each other relatively); returns an import function."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: name a clone of the original repository")
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    elif sys.modules[name].__path__ != [str(folder)]:
        raise RuntimeError(f"{name} was already imported from {sys.modules[name].__path__}")
    sys.modules.setdefault("timm", types.ModuleType("timm"))
    sys.modules.setdefault("timm.models", types.ModuleType("timm.models"))
    sys.modules.setdefault("timm.models.layers", _timm_layers())

    def load(file):
        with contextlib.redirect_stdout(io.StringIO()):  # the originals print a hint about xformers
            return importlib.import_module(f"{name}.{file}")

    return load


def _timm_layers():
    """Stands in for `timm.models.layers`, of which the originals import three names (timm needs torchvision)."""

    def drop_path(x, drop_prob=0.0, training=False):
        if drop_prob and training:
            raise NotImplementedError("no released InfiMM model trains with stochastic depth")
        return x

    layers = types.ModuleType("timm.models.layers")
    layers.drop_path = drop_path
    layers.to_2tuple = lambda x: x if isinstance(x, tuple) else (x, x)
    layers.trunc_normal_ = nn.init.trunc_normal_
    return layers
