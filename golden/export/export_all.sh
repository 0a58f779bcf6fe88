#!/bin/sh
# Makes everything under golden/fixtures anew from the two clones of the original code, in about five minutes on one core.
#   sh export_all.sh CLONE_OF_INFIMM_ZEPHYR CLONE_OF_MLLM_HD
set -eu
zephyr=$(realpath "$1") hd=$(realpath "$2")
cd "$(dirname "$0")"
python=${PYTHON:-python3}
out=../fixtures

"$python" check_fixtures.py --original "$zephyr" --hd "$hd"
for set in tiny-zephyr tiny-llama tiny-vicuna; do
  "$python" export_set.py --original "$zephyr" --config $set --out $out/$set
done
"$python" export_set.py --original "$hd" --config tiny-hd --out $out/tiny-hd
"$python" export_preprocess.py --out $out/preprocess
"$python" export_pictures.py --out $out/pictures
"$python" export_orientation.py --out $out/orientation
"$python" export_damaged.py --pictures $out/pictures --out $out/damaged
"$python" export_tars.py --out $out/tars.json
"$python" export_parquet.py --out $out/parquet
"$python" export_ops.py --out $out/ops
"$python" export_nn.py > ../../nn/torchModules.json
"$python" export_torch_ops.py --out $out/torch-ops
"$python" export_language.py --out $out/language
"$python" export_torch.py --out $out/torch
"$python" export_tokenizer.py --original "$zephyr" --out $out/tokenizer
"$python" export_generation.py --original "$zephyr" --out $out/generation
"$python" export_logprobs.py --original "$zephyr" --out $out/generation/logprobs.json
"$python" export_searches.py --out $out/generation
"$python" export_optimizers.py --original "$zephyr" --out $out/adamw
"$python" export_training.py --original "$zephyr" --hd "$hd" --out $out/training
"$python" export_real_width.py --original "$zephyr" --out $out/real-width
"$python" export_wide.py --original "$zephyr" --out $out/wide
du -sk $out
