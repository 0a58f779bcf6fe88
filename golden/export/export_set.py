"""Writes a golden set: what the original PyTorch model computes, in the format of golden/README.md.

    python export_set.py --original CLONE --config tiny-zephyr --out ../fixtures/tiny-zephyr
    python export_set.py --original CLONE --config FOLDER --weights FOLDER/model.safetensors --out OUT

`--config` names one of the tiny models of tiny.py or a folder with a config.json. Without `--weights` the weights are
made by recipe.py, and written beside the goldens. Values come from a float64 run and are stored as float32;
`float32_error` says how far PyTorch's own float32 run is from it.
"""

import argparse
import json
import platform
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import safetensors.torch
import torch
import transformers

import observe
import recipe
import tiny
from files import write_json, write_tensors
from original import build, modules_of, parameters_of

NEW_TOKENS = 12


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="folder of the clone that holds the original code")
    parser.add_argument("--config", required=True, help="a tiny model's name, or a folder with a config.json")
    parser.add_argument("--weights", help="a safetensors file; without it the weights are made by recipe")
    parser.add_argument("--out", required=True, help="folder to write")
    args = parser.parse_args()

    torch.set_num_threads(1)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    config = read_config(args.config)
    model = build(args.original, config)
    if args.weights:
        load_weights(model, args.weights)
    else:
        recipe.fill(parameters_of(model), bf16=True)
        write_weights(model, out / "model.safetensors", NAMING.get(args.config, canonical))
    write_json(out / "config.json", config)
    name = Path(args.config).name
    write_set(model, name, tiny.cases(name, config), tiny.keeps(name, config), args.original, out)


def write_set(model, name, cases, keeps, clone, out, new_tokens=NEW_TOKENS, remarks=None):
    """Runs every case in float64 and float32 and writes golden.safetensors and golden.json into `out`."""
    tensors, report = {}, {}
    model64 = observe.as_float64(model)
    for case, inputs in cases.items():
        stored, report[case] = run_case(model, model64, inputs, keeps[case], new_tokens)
        tensors |= {f"{case}/{key}": value for key, value in stored.items()}
        worst = max(report[case]["float32_error"].items(), key=lambda item: item[1])
        print(f"{name} {case}: {len(stored)} tensors, worst float32 error {worst[1]:.1e} at {worst[0]}")
    write_tensors(out / "golden.safetensors", tensors)
    head = {"format": 1, "name": name, "source": source(clone), **REMARKS, **(remarks or {})}
    write_json(out / "golden.json", {**head, "cases": report})
    print(f"{out}: {sum(file.stat().st_size for file in out.iterdir()) / 1e6:.2f} MB")


REMARKS = {
    "_positions": "plain forward: positions 0..T-1 whatever the padding; generate: cumulative sum of the mask minus 1",
    "_padding": "a padded query row sees no key, so every score is the lowest finite number and it attends uniformly to"
    " ALL keys. Its activations are stored as they are. The loss of left_padded includes, as in PyTorch, the prediction"
    " of each row's first token from the last padded position.",
    "_taps": ":attn is the attention probabilities that multiply the values (cross-attention: after emptied rows)",
}


def run_case(model, model64, inputs, keep, new_tokens):
    """({key: tensor to store}, {float32_error, grad_norms}) of one case."""
    exact, single = observe.run(model64, inputs, float64=True), observe.run(model, inputs, float64=False)
    error = {path: observe.relative_error(single.activations[path], y) for path, y in exact.activations.items()}
    error |= {tap: observe.relative_error(single.taps[tap], y) for tap, y in exact.taps.items()}
    error |= {f"grads/{key}": observe.relative_error(single.grads[key], y) for key, y in exact.grads.items()}
    error["logits"] = observe.relative_error(single.logits, exact.logits)
    error["loss"] = observe.relative_error(single.loss, exact.loss)

    blocks = {path for path, module in modules_of(model).items() if any(module.children())}

    def wanted(path, value):
        small = value.numel() <= keep.limit and (keep.leaves or path.split(":")[0] in blocks)
        return small or any(fnmatchcase(path, pattern) for pattern in keep.always)

    stored = {f"inputs/{key}": value for key, value in inputs.items()}
    stored |= {f"activations/{path}": y for path, y in exact.activations.items() if wanted(path, y)}
    stored |= {f"taps/{tap}": y for tap, y in exact.taps.items() if wanted(tap, y)}
    if keep.inputs:
        stored |= {
            f"module_inputs/{path}": x
            for path, x in exact.module_inputs.items()
            if path in blocks and x.is_floating_point() and x.numel() <= keep.limit
        }
    stored |= {
        f"grads/{key}": value
        for key, value in exact.grads.items()
        if any(fnmatchcase(key, pattern) for pattern in keep.grads)
    }
    stored |= {"outputs/logits": exact.logits, "outputs/loss": exact.loss}
    stored |= generated(model, model64, inputs, new_tokens)
    stored = {key: y.float() if y.is_floating_point() else y for key, y in stored.items()}
    kept_errors = {
        key: float(f"{e:.3g}") for key, e in error.items() if key.startswith("grads/") or is_stored(stored, key)
    }
    norms = {key: float(f"{value.norm().item():.9g}") for key, value in exact.grads.items()}
    return stored, {"float32_error": kept_errors, "grad_norms": norms}


def is_stored(stored, key):
    return any(kind + key in stored for kind in ("", "activations/", "taps/", "outputs/"))


def generated(model, model64, inputs, new_tokens):
    """Greedy tokens by the original's generate; a float32 run that chose differently would make a useless golden."""
    greedy = observe.generate(model64, inputs, float64=True, max_new_tokens=new_tokens)
    if not torch.equal(greedy, observe.generate(model, inputs, float64=False, max_new_tokens=new_tokens)):
        raise ValueError("float32 and float64 choose different tokens: take other inputs")
    if len(greedy) > 1:
        return {"outputs/batch_greedy_ids": greedy}
    beams = observe.generate(model64, inputs, float64=True, max_new_tokens=6, num_beams=3, length_penalty=0.0)
    return {"outputs/greedy_ids": greedy, "outputs/beam3_ids": beams}


# ---- files ------------------------------------------------------------------------------------------------------


def read_config(name):
    """The configuration of a tiny model, or of a folder."""
    if name in tiny.CONFIGS:
        return tiny.CONFIGS[name]
    return json.loads((Path(name) / "config.json").read_text())


def load_weights(model, file):
    """Copies a safetensors file into the model, under any of the original's names; a missing tensor is an error."""
    given = safetensors.torch.load_file(file)
    given = {name if name.startswith("model.") else f"model.{name}": tensor for name, tensor in given.items()}
    with torch.no_grad():
        for name, tensor in parameters_of(model).items():
            tensor.copy_(next(given[other] for other in (name, alias(name)) if other in given))


def write_weights(model, file, naming):
    """bf16, exactly (the recipe rounds); the rotary tables as float32."""
    tensors = {}
    for name, tensor in parameters_of(model).items():
        stored = tensor.detach() if recipe.is_rope_buffer(name) else tensor.detach().to(torch.bfloat16)
        tensors[naming(name)] = stored
    write_tensors(file, tensors)


def canonical(name):
    return name


def alias(name):
    """The original's other name of a decoder or cross-attention tensor (it registers those modules twice)."""
    head, found, rest = name.partition("lang_encoder.model.layers.")
    if not found:
        return name
    layer, kind, leaf = rest.split(".", 2)
    group = {"decoder_layer": "old_decoder_blocks", "gated_cross_attn_layer": "gated_cross_attn_layers"}[kind]
    return f"{head}lang_encoder.{group}.{layer}.{leaf}"


def inner(name):
    """The name without the outer class's prefix, as in InfiMM-HD's checkpoints."""
    return name.removeprefix("model.")


# a loader has to accept every name of the original, so the sets use them all
NAMING = {"tiny-zephyr": canonical, "tiny-llama": alias, "tiny-vicuna": canonical, "tiny-hd": inner}


def source(clone):
    """Where the numbers come from."""
    commit = subprocess.run(["git", "-C", str(clone), "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    return {
        "original": Path(clone).resolve().name,
        "commit": commit.strip(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
