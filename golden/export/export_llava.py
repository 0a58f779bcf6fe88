"""Writes golden/fixtures/samples/llava.json: what LLaVA's own preprocessing makes of made conversations.

    python export_llava.py --llava CLONE --tokenizer ../../model/infimm-tiny/tokenizer.json --out ../fixtures/samples

Runs three functions of CLONE/llava unedited: preprocess_multimodal and preprocess_v1 of train/train.py and
tokenizer_image_token of mm_utils.py, without importing the rest of those files, and conversation.py. Needs torch,
transformers and Pillow. Stored are the values after preprocess_multimodal, and, of conversations without a picture, the
Vicuna prompt, its ids and labels ("ignored" where LLaVA gives the conversation up as a "tokenization mismatch").
"""

import argparse
import ast
import contextlib
import copy
import importlib.util
import io
import json
import types
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

PICTURES = ["<image>\nWhat is it?", "What is it?\n<image>", "<image>What is it?", "  What?  \n<image>\n", "<image>"]
CHATS = [
    ["What is it?", "A dog."],
    ["What is it?", "A dog.", "Are you sure?", "Yes, I am.", "Why?", "It has four legs."],
    ["Name two birds near the house.", "A duck and an owl.\nBoth are birds."],
    ["Hi", "café 😀"],
    ["What does ASSISTANT: mean?", "It is me.", "And USER?", "It is you."],
]


def functions(path, names, scope):
    """The functions of a source file, as they stand there, in `scope`."""
    tree = ast.parse(path.read_text())
    kept = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    exec(compile(ast.Module(kept, []), str(path), "exec"), scope)
    return types.SimpleNamespace(**{name: scope[name] for name in names})


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llava", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    root = options.llava / "llava"
    conversation = load(root / "conversation.py", "conversation")
    conversation.default_conversation = conversation.conv_templates["v1"]
    import typing

    import transformers

    scope = vars(load(root / "constants.py", "constants")) | vars(typing) | {
        "torch": torch, "copy": copy, "transformers": transformers, "conversation_lib": conversation,
        "IS_TOKENIZER_GREATER_THAN_0_14": True, "DataArguments": object,
    }  # fmt: skip
    functions(root / "mm_utils.py", ["tokenizer_image_token"], scope)
    original = functions(root / "train" / "train.py", ["preprocess_multimodal", "preprocess_v1"], scope)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(options.tokenizer), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<unk>"
    )
    tokenizer.legacy = True
    tokenizer.model_max_length = 4096

    written = {"pictures": [], "chats": []}
    for value in PICTURES:
        source = [[{"from": "human", "value": value}, {"from": "gpt", "value": "A dog."}]]
        original.preprocess_multimodal(source, types.SimpleNamespace(is_multimodal=True, mm_use_im_start_end=False))
        written["pictures"].append({"value": value, "theirs": source[0][0]["value"]})
    for chat in CHATS:
        source = [{"from": ["human", "gpt"][i % 2], "value": value} for i, value in enumerate(chat)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            made = original.preprocess_v1([copy.deepcopy(source)], tokenizer)
        written["chats"].append({
            "chat": chat, "ids": made["input_ids"][0].tolist(), "labels": made["labels"][0].tolist(),
            "ignored": "tokenization mismatch" in printed.getvalue(),
        })  # fmt: skip
    text = json.dumps(written).replace('{"value', '\n{"value').replace('{"chat', '\n{"chat')
    (options.out / "llava.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
