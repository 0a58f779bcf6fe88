"""Writes golden/fixtures/language: small language models of every kind that a config can name, by transformers.

    python export_language.py --out ../fixtures/language

Weights are made by recipe (recipe.py: weight_value, the path is that of transformers' module) and not stored. Of each
model: hidden states after every layer, logits, the loss and its gradients, and greedy tokens with a cache, of two rows
padded on the left. Values come from a float64 run of transformers' own classes, as in export_set.py.
"""

import argparse
from contextlib import nullcontext
from pathlib import Path

import torch
import transformers
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

import observe
import recipe
from files import write_json, write_tensors

CLASSES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
}
NEW_TOKENS = 10


def language(model_type, **fields):
    return {
        "model_type": model_type,
        "vocab_size": 40,
        "hidden_size": 24,
        "intermediate_size": 20,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        **fields,
    }


LLAMA3 = {"factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
YARN = {"factor": 4.0, "original_max_position_embeddings": 512}
WIDE = {"head_dim": 32, "hidden_size": 32}  # so many frequencies that some fall on each side of every limit

CONFIGS = {
    "llama-biases": language("llama", attention_bias=True, mlp_bias=True, hidden_act="gelu"),
    "llama-tied": language("llama", tie_word_embeddings=True, eos_token_id=39, rope_theta=500.0, pad_token_id=None),
    "llama3-rope": language("llama", **WIDE, rope_scaling={"rope_type": "llama3", **LLAMA3}, rope_theta=50000.0),
    "linear-rope": language("llama", rope_scaling={"type": "linear", "factor": 2.5}),
    "dynamic-rope": language("llama", max_position_embeddings=8, rope_scaling={"type": "dynamic", "factor": 2.0}),
    "yarn-rope": language("llama", **WIDE, rope_scaling={"type": "yarn", **YARN}),
    "yarn-options": language(
        "qwen2",
        **WIDE,
        rope_parameters={"rope_type": "yarn", **YARN, "rope_theta": 50000.0, "beta_fast": 20, "beta_slow": 2,
                         "mscale": 0.7, "mscale_all_dim": 0.4, "truncate": False},
    ),
    "mistral-head-dim": language("mistral", head_dim=10, sliding_window=5, hidden_act="gelu_pytorch_tanh"),
    "qwen2": language(
        "qwen2", use_sliding_window=True, sliding_window=4, max_window_layers=1, tie_word_embeddings=True,
        eos_token_id=[2, 3], hidden_act="relu",
    ),
    "qwen3": language(
        "qwen3", head_dim=8, use_sliding_window=True, sliding_window=6, attention_bias=True,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    ),
}  # fmt: skip

ROWS = [[1, 35, 17, 30, 22, 9, 13, 35, 4, 31, 23, 6, 10], [1, 22, 37, 28, 24, 39, 11, 36]]


def inputs_of(config):
    pad = 0 if config["pad_token_id"] is None else config["pad_token_id"]
    length = max(map(len, ROWS))
    ids = torch.tensor([[pad] * (length - len(row)) + row for row in ROWS])
    mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in ROWS])
    return {"input_ids": ids, "attention_mask": mask}


def build(config):
    config_class, model_class = CLASSES[config["model_type"]]
    fields = {key: value for key, value in config.items() if key != "model_type"}
    model = model_class(config_class(**fields, attn_implementation="eager")).eval()
    recipe.fill(dict(model.named_parameters()), bf16=False)
    return model


def as_float64(model):
    """A float64 copy, its rotary frequencies computed in float64: no checkpoint holds them."""
    copy = build_copy(model).double()
    rotary = copy.model.rotary_emb
    make = ROPE_INIT_FUNCTIONS.get(rotary.rope_type, rotary.compute_default_rope_parameters)
    with observe.True64():
        rotary.inv_freq, rotary.attention_scaling = make(rotary.config)
    rotary.original_inv_freq = rotary.inv_freq.clone()
    return copy


def build_copy(model):
    copy = type(model)(model.config).eval()
    copy.load_state_dict(model.state_dict())
    return copy


def run(model, inputs, float64):
    """({path: hidden states}, logits, loss, {parameter: gradient})."""
    hidden = {}

    def keep(path):
        def hook(module, args, output):
            hidden[path] = (output[0] if isinstance(output, tuple) else output).detach()

        return hook

    paths = ["model.embed_tokens", "model.norm", *(f"model.layers.{i}" for i in range(len(model.model.layers)))]
    hooks = [model.get_submodule(path).register_forward_hook(keep(path)) for path in paths]
    labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
    with torch.enable_grad(), observe.True64() if float64 else nullcontext():
        output = model(**inputs, labels=labels, use_cache=False)
        model.zero_grad()
        output.loss.backward()
    for hook in hooks:
        hook.remove()
    grads = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    return hidden, output.logits.detach(), output.loss.detach(), grads


@torch.no_grad()
def generate(model, inputs, float64):
    with observe.True64() if float64 else nullcontext():
        out = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
    return out[:, inputs["input_ids"].shape[1] :]


def export(config):
    """({key: tensor}, report) of one model."""
    model, inputs = build(config), inputs_of(config)
    model64 = as_float64(model)
    hidden, logits, loss, grads = run(model64, inputs, True)
    single = run(model, inputs, False)
    error = {path: observe.relative_error(single[0][path], value) for path, value in hidden.items()}
    error |= {"logits": observe.relative_error(single[1], logits), "loss": observe.relative_error(single[2], loss)}
    error |= {f"grads/{name}": observe.relative_error(single[3][name], value) for name, value in grads.items()}
    greedy = generate(as_float64(model), inputs, True)
    if not torch.equal(greedy, generate(build_copy(model), inputs, False)):
        raise ValueError("float32 and float64 choose different tokens: take other inputs")
    few = {name: value for name, value in grads.items() if value.numel() <= 800 and ".layers.1." not in name}
    tensors = {**inputs, **{f"hidden/{path}": value for path, value in hidden.items()}}
    tensors |= {"logits": logits, "loss": loss, "greedy_ids": greedy}
    tensors |= {f"grads/{name}": value for name, value in few.items()}
    tensors = {key: value.float() if value.is_floating_point() else value.int() for key, value in tensors.items()}
    return tensors, {
        "config": config,
        "float32_error": {key: float(f"{value:.3g}") for key, value in error.items()},
        "grad_norms": {name: float(f"{value.norm().item():.9g}") for name, value in grads.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    tensors, models = {}, {}
    for name, config in CONFIGS.items():
        made, models[name] = export(config)
        tensors |= {f"{name}/{key}": value for key, value in made.items()}
        print(name, made["greedy_ids"].tolist(), f"{models[name]['float32_error']['logits']:.1e}")
    write_tensors(out / "language.safetensors", tensors)
    source = {"torch": torch.__version__, "transformers": transformers.__version__}
    write_json(out / "language.json", {"format": 1, "source": source, "models": models})


if __name__ == "__main__":
    main()
