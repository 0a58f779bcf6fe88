"""Writes golden/fixtures/tokenizer: texts, prompts and token ids, by the tokenizer.json and the processor of the clone.

    python export_tokenizer.py --original CLONE --out ../fixtures/tokenizer

Neither of the two is copied: what is stored are our texts and what they become. Chat prompts are rendered by the
original processor class; its rule repeats every message that is not the user's, so each conversation is given twice:
`original` as that class renders it, `corrected` without the repetition.
"""

import argparse
import copy
import json
import sys
import types
from pathlib import Path

import tokenizers
from transformers import PreTrainedTokenizerFast

from export_set import source
from files import write_json
from original import zephyr_package

TEXTS = [
    "",
    " ",
    "  ",
    "a",
    " a",
    "a ",
    "Hello, world!",
    "  two spaces,  inside  and at the end  ",
    "The quick brown fox jumps over the lazy dog.",
    "Please explain this image to me.",
    "What is the colour of the bird on the left?",
    "\n",
    "\n\n",
    "line one\nline two\n\nline four",
    "\nPlease",
    "tab\tand\r\nreturn",
    "trailing newline\n",
    "1234567890",
    "3.14159 + 2,000 = 2003.14159",
    "100% of $5.00 is £4?",
    "don't, I'm, we'll, it's",
    "UPPER lower CamelCase snake_case kebab-case",
    "antidisestablishmentarianism",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "!!!???...,,,;;;:::---___",
    "(brackets) [square] {curly} <angle> «guillemets»",
    "https://example.com/path?query=1&other=two#part",
    'for (let i = 0; i < n; i++) { console.log("x"); }',
    "def f(x):\n    return x ** 2  # square\n",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
    "café naïve Ærøskøbing Straße",
    "cafe\u0301 (combining accent)",
    "Привет, как дела?",
    "Καλημέρα κόσμε",
    "你好，世界。",
    "日本語のテキスト",
    "안녕하세요",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "😀",
    "Two 🐶🐶 and a 🐱!",
    "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag, 👍🏽 tone",
    "𝕌𝕟𝕚𝕔𝕠𝕕𝕖 𝔪𝔞𝔱𝔥",
    "∀x ∈ ℝ: ⌈x⌉ = −⌊−x⌋",
    "zero\u200bwidth\u200djoiner and no\u00a0break",
    "\ufeffbyte order mark",
    "\x00\x01\x7f control",
    "\uffff\U0010ffff",
    "▁ the piece for a space ▁▁",
    "<0x41> is not a byte piece",
    "<s>",
    "</s>",
    "<unk>",
    "<image>",
    "<|endofchunk|>",
    "<image> Hi",
    "Hi <image>",
    "Hi<image>Hi",
    "<|endofchunk|><image>Please explain this image to me.",
    "</s>\n<|assistant|>\n",
    "<|user|> <|system|> <|assistant|>",
    "<image>Output:A photo of a dog.<|endofchunk|><image>Output:",
    "<image>Question:What is it? Short answer:",
    "<Image> <|endofchunk |> < image >",
    "text</s><s>text",
    "<image><image>\n<image>",
]

DECODED = [
    [1, 22557, 28725, 1526, 28808],
    [1, 28705, 28705, 264],
    [264, 264],
    [28705],
    [1],
    [],
    [1, 32000, 32001, 5919, 2],
    [28705, 243, 162, 155, 131],
    [28705, 243, 162, 155],
    [131, 131, 28709],
    [28705, 229, 189, 174, 229, 189],
    [13, 13, 28705, 13],
    [3, 68, 258],
    [264, 2, 264, 32001, 264],
]

PICTURE = {"image": "picture.png"}
CONVERSATIONS = {
    "card": [{"role": "user", "content": [PICTURE, "Please explain this image to me."]}],
    "text_only": [{"role": "user", "content": ["Who wrote Faust?"]}],
    "two_pictures": [{"role": "user", "content": [PICTURE, "A", PICTURE, "What differs?"]}],
    "picture_last": [{"role": "user", "content": ["What is this? ", PICTURE]}],
    "system": [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": [PICTURE, "Describe it."]},
    ],
    "two_rounds": [
        {"role": "user", "content": [PICTURE, "Hi"]},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": ["And?"]},
    ],
    "three_rounds": [
        {"role": "user", "content": [PICTURE, "What is it?"]},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": ["And this?\n", PICTURE]},
        {"role": "assistant", "content": "A dog, I think.\nOr a wolf."},
        {"role": "user", "content": ["Which is larger?"]},
    ],
    "empty": [{"role": "user", "content": [PICTURE]}],
}


def processor(clone, tokenizer_file):
    """The original processor with only its tokenizer set; what it imports from torchvision is never called."""
    transforms = types.ModuleType("torchvision.transforms")
    for name in ("CenterCrop", "Compose", "Normalize", "Resize", "ToTensor"):
        setattr(transforms, name, object)
    transforms.InterpolationMode = types.SimpleNamespace(BICUBIC=None, BILINEAR=None)
    transforms.functional = types.ModuleType("torchvision.transforms.functional")
    torchvision = types.ModuleType("torchvision")
    torchvision.transforms = transforms
    modules = {"torchvision": torchvision, "torchvision.transforms": transforms}
    sys.modules |= modules | {"torchvision.transforms.functional": transforms.functional}
    original = zephyr_package(clone)("processing_infimm_zephyr")
    for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
        del sys.modules[name]

    made = object.__new__(original.InfiMMZephyrProcessor)
    settings = json.loads((clone / "tokenizer_config.json").read_text())
    made.tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer_file), eos_token=settings["eos_token"], chat_template=settings["chat_template"]
    )
    return made


def corrected(rendering, messages):
    """The rendering without the repetition: pictures become tokens in every message, and each message stays one."""
    plain = [
        {
            "role": message["role"],
            "content": rendering._replace_with_media_tokens([{**message, "role": "user"}])[0]["content"],
        }
        for message in messages
    ]
    return rendering.apply_chat_template(plain)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    out, clone = Path(args.out), Path(args.original)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizers.Tokenizer.from_file(str(clone / "tokenizer.json"))
    ids = lambda text: tokenizer.encode(text).ids
    rendering = processor(clone, clone / "tokenizer.json")

    prompts = []
    for name, messages in CONVERSATIONS.items():
        fixed = corrected(rendering, messages)
        original = rendering.apply_chat_template(rendering._replace_with_media_tokens(copy.deepcopy(messages)))
        prompts.append({
            "name": name, "messages": messages, "corrected": fixed, "corrected_ids": ids(fixed),
            "original": original, "original_ids": ids(original),
        })  # fmt: skip

    tokenizer.enable_truncation(16, direction="left")
    long = prompts[0]["corrected"]
    truncated = [{"text": long, "max_length": 16, "ids": ids(long)}]
    tokenizer.no_truncation()

    write_json(out / "cases.json", {
        "format": 1,
        "source": {**source(args.original), "tokenizers": tokenizers.__version__},
        "_encode": "with the special tokens that the tokenizer adds itself (BOS in front)",
        "_truncated": "on the left; BOS stays",
        "encode": [{"text": text, "ids": ids(text)} for text in TEXTS],
        "decode": [
            {"ids": row, "text": tokenizer.decode(row), "with_special": tokenizer.decode(row, False)}
            for row in DECODED + [ids(text) for text in TEXTS[41:46]]
        ],
        "truncated": truncated,
        "prompts": prompts,
    })  # fmt: skip
    print(f"{out}: {len(TEXTS)} texts, {len(prompts)} conversations")


if __name__ == "__main__":
    main()
