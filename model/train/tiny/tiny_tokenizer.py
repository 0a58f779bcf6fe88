"""The tokenizer of infimm-tiny: built like Zephyr's (BPE, byte fallback, a leading "▁" per segment), only smaller.

ids: 0 <unk>, 1 <s>, 2 </s>, 3-258 the bytes, then the pieces, and last <|endofchunk|> and <image>. The pieces are learnt
from the words of the scenes' questions and answers; merges never cross a word, and any other text falls back to letters
and bytes.

    python tiny_tokenizer.py --out FOLDER        # tokenizer.json, tokenizer_config.json, special_tokens_map.json
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

import scenes

PIECES = 482  # as many as make every word one piece; with 3 + 256 + 2 others: 743 ids
MAX_LENGTH = 512
UNKNOWN, BOS, EOS, END_OF_CHUNK, IMAGE = "<unk>", "<s>", "</s>", "<|endofchunk|>", "<image>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] in ['system', 'user', 'assistant'] %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)


def chat(turns, pictures):
    """The prompt text of a conversation, as the family writes it (an empty system message first, no BOS).

    turns     [(question, answer)]; the last answer may be None: then the text ends where the answer begins
    pictures  how many pictures stand before the question, for each turn
    """
    text = f"<|system|>\n{EOS}\n"
    for (question, answer), number in zip(turns, pictures):
        text += f"<|user|>\n{(END_OF_CHUNK + IMAGE) * number}{question}{EOS}\n<|assistant|>\n"
        if answer is not None:
            text += f"{answer}{EOS}\n"
    return text


def build():
    """The dictionary of tokenizer.json."""
    pieces, merges = _learn(_words())
    specials = [UNKNOWN, BOS, EOS]
    vocabulary = specials + [f"<0x{byte:02X}>" for byte in range(256)] + pieces
    added = list(enumerate(specials)) + [(len(vocabulary), END_OF_CHUNK), (len(vocabulary) + 1, IMAGE)]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bos, first, second = {"SpecialToken": {"id": BOS, "type_id": 0}}, _sequence("A", 0), _sequence("B", 1)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, "content": content, **plain} for index, content in added],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, first],
            "pair": [bos, first, {"SpecialToken": {"id": BOS, "type_id": 1}}, second],
            "special_tokens": {BOS: {"id": BOS, "ids": [1], "tokens": [BOS]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": UNKNOWN,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece: index for index, piece in enumerate(vocabulary)},
            "merges": merges,
        },
    }


def _sequence(name, type_id):
    return {"Sequence": {"id": name, "type_id": type_id}}


def _words():
    """Every word of questions and answers, with "▁" as it stands inside a sentence and without (as after a newline)."""
    rng = np.random.default_rng(0)
    texts = [*scenes.SMALL_TALK, *scenes.SMALL_TALK.values(), scenes.NO_PICTURE]
    for _ in range(4000):
        for _, question, answer in scenes.questions(scenes.random_scene(rng), rng, 3):
            texts += [question, answer]
    words = {"<|system|>", "<|user|>", "<|assistant|>", "▁<|system|>"}
    for text in texts:
        first, *rest = re.findall(r"\S+", text)
        words |= {part for part in _letters(first)}
        words |= {part for word in [first, *rest] for part in _letters("▁" + word)}
    return sorted(words)


def _letters(word):
    return re.findall(r"▁?[\w-]+|[^\w\s]", word)


def _learn(words):
    """(pieces, merges) of a BPE trained on the words, each counting once; all of printable ASCII is in the alphabet."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    alphabet = [chr(code) for code in range(33, 127)] + ["▁"]
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES, min_frequency=1, initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    if len(pieces) != PIECES:
        raise ValueError(f"the words give {len(pieces)} pieces, not {PIECES}: change PIECES")
    return pieces, model["merges"]


def save(folder):
    """Writes the three files and returns the tokenizer (Rust, as used in training)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = build()
    content = {token["id"]: token["content"] for token in data["added_tokens"]}
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    named = {"bos_token": BOS, "eos_token": EOS, "pad_token": EOS, "unk_token": UNKNOWN}
    _write(folder / "tokenizer.json", data)
    _write(
        folder / "tokenizer_config.json",
        {
            "added_tokens_decoder": {
                str(index): {"content": text, **flags, "special": True} for index, text in content.items()
            },
            "additional_special_tokens": [END_OF_CHUNK, IMAGE],
            **named,
            "chat_template": CHAT_TEMPLATE,
            "clean_up_tokenization_spaces": False,
            "model_max_length": MAX_LENGTH,
            "padding_side": "left",
            "truncation_side": "left",
            "spaces_between_special_tokens": False,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
    )
    _write(
        folder / "special_tokens_map.json",
        {
            "additional_special_tokens": [{"content": text, **flags} for text in (END_OF_CHUNK, IMAGE)],
            **{name: {"content": text, **flags} for name, text in named.items()},
        },
    )
    return load(folder)


def load(folder):
    return tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))


def _write(path, data):
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", required=True, help="folder for the tokenizer files")
    options = parser.parse_args()
    tokenizer = save(options.out)
    text = chat([("How many dogs are there?", "Two."), ("Is there a café?", None)], [1, 0])
    encoding = tokenizer.encode(text)
    print(tokenizer.get_vocab_size(), "ids;", repr(text), "->", len(encoding.ids), encoding.tokens)


if __name__ == "__main__":
    main()
