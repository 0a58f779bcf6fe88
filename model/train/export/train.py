"""Trains what `infimm train --export` wrote into this folder, on the original's classes from a clone that you name.

    python train.py --original CLONE --plain                          one process on the CPU, no engine
    torchrun --nproc_per_node 2 train.py --original CLONE --plain     each takes its micro-batches, over gloo
    deepspeed train.py --original CLONE                               as ds_config.json says

CLONE is one of InfiMM/infimm-zephyr, which serves Llama and Vicuna too. In --out are then log.jsonl, a line an update,
and pytorch_model.bin, which `infimm convert` reads.
"""

import argparse, importlib, json, math, os, sys, tarfile, types
from pathlib import Path

import torch
import torch.distributed as dist
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

HERE = Path(__file__).parent
LANGUAGE = {"mistral": (MistralConfig, MistralForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}
OF_THE_HUB = {"_name_or_path", "architectures", "auto_map", "torch_dtype", "dtype", "transformers_version"}


def build(clone, config):
    """The original model with the exported weights, all names, strictly."""
    package = types.ModuleType("original")
    package.__path__ = [str(clone)]
    sys.modules["original"] = package
    for name in ("timm", "timm.models", "timm.models.layers"):
        timm = sys.modules.setdefault(name, types.ModuleType(name))
    timm.drop_path, timm.trunc_normal_ = (lambda x, drop_prob=0.0, training=False: x), torch.nn.init.trunc_normal_
    timm.to_2tuple = lambda x: x if isinstance(x, tuple) else (x, x)  # all that is used of it
    modeling = importlib.import_module("original.modeling_infimm_zephyr")

    class Model(modeling.InfiMMZephyrModel):
        def build_language_encoder(self):
            fields = {k: v for k, v in self.language_config.items() if k not in OF_THE_HUB | {"model_type"}}
            config_class, model_class = LANGUAGE[self.language_config["model_type"]]
            return model_class(config_class(**fields, attn_implementation="eager"))

        def forward(self, pixels, ids, mask, labels):
            return self.model(pixels, ids, mask, labels=labels).loss

    fields = {key: value for key, value in config.items() if key not in OF_THE_HUB}
    model = Model(importlib.import_module("original.configuration_infimm_zephyr").InfiMMConfig(**fields))
    model.load_state_dict(torch.load(HERE / "pytorch_model.bin", weights_only=True), strict=True)
    return model.eval()  # the card trains without dropout


class Samples:
    """The samples of a run in their order."""

    def __init__(self, size):
        self.lines, self.size = [json.loads(line) for line in open(HERE / "labels.jsonl")], size
        members = [(path, x) for path in sorted(HERE.glob("samples-*.tar")) for x in tarfile.open(path).getmembers()]
        self.places = {x.name: (path, x.offset_data, x.size) for path, x in members}

    def pixels(self, line):
        path, offset, size = self.places[line["key"] + ".f32"]
        with open(path, "rb") as file:
            data = bytearray(os.pread(file.fileno(), size, offset))
        pictures = torch.frombuffer(data or bytearray(4), dtype=torch.float32)[: size // 4]
        return pictures.view(line["pictures"], 1, 3, self.size, self.size)

    def batch(self, start, count, pad):
        lines = self.lines[start : start + count]
        length, places = max(len(x["input_ids"]) for x in lines), max([1, *(x["pictures"] for x in lines)])
        rows = lambda of, filler: torch.tensor([of(x) + [filler] * (length - len(of(x))) for x in lines])
        ids, labels = rows(lambda x: x["input_ids"], pad), rows(lambda x: x["labels"], -100)
        mask = rows(lambda x: [1] * len(x["input_ids"]), 0)
        pixels = torch.zeros(count, places, 1, 3, self.size, self.size)
        for row, line in zip(pixels, lines):
            row[: line["pictures"]] = self.pixels(line)
        return pixels, ids, mask, labels


def rate(run, update):
    """The learning rate of an update, from 0: transformers' schedules."""
    warmup, total = run["warmup"], run["updates"]
    if update < warmup or run["schedule"] == "constant":
        return run["max_lr"] * (min(1, update / warmup) if warmup else 1)
    left = 1 - min(1, (update - warmup) / max(1, total - warmup))
    return run["max_lr"] * (left if run["schedule"] == "linear" else 0.5 * (1 - math.cos(math.pi * left)))


def prepare(model, run):
    """Freeze by the list, decay by the list, empty the gradients of rows that do not learn."""
    named, decay = dict(model.named_parameters()), run["weight_decay"]
    [parameter.requires_grad_(name in decay) for name, parameter in named.items()]
    for name, rows in run["rows"].items():
        learns = torch.zeros(len(named[name]), 1, dtype=torch.bool).index_fill(0, torch.tensor(rows), True)
        named[name].register_hook(lambda grad, learns=learns: grad.where(learns.to(grad.device), 0))
    groups = [{"params": [named[n] for n in decay if decay[n] == d], "weight_decay": d} for d in set(decay.values())]
    return [named[name] for name in decay], groups


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True), parser.add_argument("--out", type=Path, default=HERE / "out")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--local_rank")  # deepspeed gives it
    args = parser.parse_args()
    run = json.load(open(HERE / "run.json"))
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    steps, size = run["micro_steps"], run["micro_batch"]
    assert steps % ranks == 0, f"{steps} micro-steps an update cannot be shared by {ranks} processes"
    samples = Samples(run["image_size"])
    model = build(args.original, json.load(open(HERE / "config.json")))
    parameters, groups = prepare(model, run)
    if args.plain:
        model.float()
        optimizer = torch.optim.AdamW(groups, lr=0, betas=run["betas"], eps=run["eps"], foreach=False)
        if ranks > 1:
            dist.init_process_group("gloo")
    else:
        import deepspeed
        engine, optimizer, *_ = deepspeed.initialize(None, model, None, groups, config=str(HERE / "ds_config.json"))
        floats = next(engine.module.parameters()).dtype
    args.out.mkdir(parents=True, exist_ok=True)
    log = open(args.out / "log.jsonl", "w") if rank == 0 else None
    for update in range(run["updates"]):
        losses, norm = {}, None
        for group in optimizer.param_groups:
            group["lr"] = rate(run, update)
        for m in range(rank, steps, ranks):
            batch = samples.batch((update * steps + m) * size, size, run["pad"])
            if args.plain and (batch[3][:, 1:] != -100).any():
                (loss := model(*batch)).div(steps).backward()
                losses[m] = loss.item()
            elif not args.plain:  # the engine divides by the accumulation, sums over the processes, clips and steps
                loss = engine(batch[0].to(engine.device, floats), *(x.to(engine.device) for x in batch[1:]))
                engine.backward(loss), engine.step()
                losses[m], norm = loss.item(), engine.get_global_grad_norm()
        if args.plain:
            if ranks > 1:
                for parameter in parameters:
                    parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                    dist.all_reduce(parameter.grad)
                dist.all_gather_object(shared := [None] * ranks, losses)
                losses = {m: loss for part in shared for m, loss in part.items()}
            norm = torch.nn.utils.clip_grad_norm_(parameters, run["clip"]).item()
            optimizer.step(), optimizer.zero_grad()
        if log:
            line = {"update": update, "lr": rate(run, update), "losses": [losses.get(m) for m in range(steps)]}
            print(json.dumps({**line, "gradNorm": norm}), file=log, flush=True)
    if log:
        torch.save(model.state_dict(), args.out / "pytorch_model.bin")


if __name__ == "__main__":
    main()
