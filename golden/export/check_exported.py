"""Proves that `infimm train --export` writes what trains as `infimm train` does, on the original's classes.

    python check_exported.py --original CLONE_OF_INFIMM_ZEPHYR

In a temporary folder, with the shipped model and its pictures: 20 updates of `infimm train`, of `train.py --plain` in one
process, and in two (torchrun, gloo). Losses and rates have to agree to 1e-4 relative; the checkpoint loads with
strict=True without completion; and `infimm convert` reads what train.py wrote. Run it from the repository's folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BAR = 1e-4
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small sizes; and processes do not get in each other's way
CAPTIONS = {"dog": "A dog.", "fruit": "An apple, a banana and a strawberry.", "stars": "Four stars.", "street": "A bus and a car."}
RECIPE = "--preset finetune --updates 20 --set batch=4 --set micro_batch=2".split()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def furthest(ours, theirs, of):
    pairs = [(x, y) for a, b in zip(ours, theirs, strict=True) for x, y in zip(of(a), of(b), strict=True)]
    return max(abs(x - y) / max(abs(x), 1e-12) for x, y in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True)
    clone = Path(parser.parse_args().original).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "pictures").mkdir()
        for name, caption in CAPTIONS.items():
            picture = Path("model/infimm-tiny/pictures") / f"{name}.png"
            (root / "pictures" / picture.name).write_bytes(picture.read_bytes())
            (root / "pictures" / f"{name}.txt").write_text(caption)
        infimm = ["npx", "infimm"]  # what `npm ci` or `npm run build` built
        train = [*infimm, "train", "--data", str(root / "pictures"), *RECIPE]
        subprocess.run([*train, "--export", str(root / "export")], check=True)
        subprocess.run([*train, "--out", str(root / "run"), "--quiet"], check=True)
        script = [str(root / "export" / "train.py"), "--original", str(clone), "--plain", "--out"]
        subprocess.run([sys.executable, *script, str(root / "one")], check=True)
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
        subprocess.run([*torchrun, *script, str(root / "two")], check=True)
        subprocess.run([*infimm, "convert", str(root / "one" / "pytorch_model.bin"), str(root / "back")], check=True)
        runs = {name: lines(root / name / "log.jsonl") for name in ("run", "one", "two")}
        worst = 0
        for ours, theirs in (("run", "one"), ("one", "two")):
            for what, of in (("losses", lambda x: x["losses"]), ("gradient norms", lambda x: [x["gradNorm"]]), ("rates", lambda x: [x["lr"]])):
                error = furthest(runs[ours], runs[theirs], of)
                worst = max(worst, error)
                print(f"{ours} and {theirs}: {what} {error:.1e} apart over {len(runs[ours])} updates")
        sys.exit(0 if worst <= BAR else f"more than {BAR} apart")


if __name__ == "__main__":
    main()
