"""Writes golden/fixtures/tokenizers: a small tokenizer of each kind that language models have, and what it makes of texts.

    python export_tokenizers.py --out ../fixtures/tokenizers

Needs the package tokenizers only. The vocabularies are trained on a few sentences below; what counts is what surrounds
them: normalisers, pre-tokenizers, decoders, and added tokens with every flag. `literal` cases are encoded by the same
tokenizer without its special tokens: what a user typed must become that.
"""

import argparse
import json
import re
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = [
    "The quick brown fox jumps over the lazy dog. What is in the picture? A dog and a cat, and two apples.",
    "Please explain this image to me: how many stars are there? There are four stars, I think; it's not clear.",
    "café naïve Straße Привет 你好 日本語 안녕 مرحبا 😀🐶 don't we'll 123 4567 <image> </s> [INST] tool_call user assistant",
] * 3

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

TEXTS = [
    "", " ", "  ", "a", " a", "a ", "  a  b ", "The dog", " The dog", "the cat's don't WE'LL I'M", "123 4567 89012",
    "\n", "\n\n", " \n \n", "a\n\nb\n", "tab\tand\r\nreturn", "x\u00a0y", "x\u2003y\u3000z", "\u0085x\u001cy\u2028z", "\ufeff", "\ufeffbom", "a\ufeffb \ufeff c",
    "zero\u200bwidth\u200d", "café cafe\u0301", "Å\u212b ﬁ ① Ａ", "Привет, 你好。日本語 안녕 مرحبا", "😀🐶 👩‍👩‍👧 🏳️‍🌈", "\x00\x01\x7f", "\uffff\U0010ffff", "\ufffd", "▁ ▁▁x▁",
    "<0x41> <0xE2>", "<s>", "</s>", "<s>a</s>", "a<s>b</s> c", "a <s> b", "<image>", "a <image> b", "<image><image>", " <image>\n<image> x",
    "x<image>Hi", "[INST] a [/INST]", "x [INST]y", "[INST]", "foo", "foo foobar barfoo a foo b", "foo.foo", "(foo)", "STRIP", "a  STRIP  b", "a\n STRIP \nb", "x\u00a0STRIP\u3000y",
    "LEFT", "a  LEFT  b", "a  RIGHT  b", "RIGHT a", "a LEFT", "norm NORM Norm", "a norm b", "</s", "s>", "<im", "age>", "<ima<image>ge>",
    "Please explain this image to me.", "The dog </s>\n<s> and the cat", "  \t  \n  code {\n\treturn 1;\n}\n", "aaaaaaaaaaaaaaaa", "!!!???...;;;", "_under_score_ foo_bar",
]  # fmt: skip

LITERAL = ["</s>", "a </s> b", "<s>a</s>", "</s></s>", "x<image>y", "a  STRIP  b", "The dog </s>\n and", " <image>", "a\n<image>", "é</s>é", "<image> \n"]

# </s> is what a user typed, the other special tokens are tokens
MIXED = ["<image>x </s> y", "a<image> b</s>c", " <image>\n</s>", "</s><image>", "<s>a</s> STRIP </s>b", "<image></s>", "x</s> <image> é</s>"]

NASTY_IDS = 120  # random id sequences to decode, per kind


def add(tokenizer):
    tokenizer.add_special_tokens(["<s>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([
        AddedToken("<image>", normalized=False, special=True),
        AddedToken("STRIP", lstrip=True, rstrip=True, normalized=False, special=True),
    ])  # fmt: skip
    tokenizer.add_tokens([
        AddedToken("[INST]", normalized=False), AddedToken("foo", single_word=True, normalized=False),
        AddedToken("LEFT", lstrip=True, normalized=False), AddedToken("RIGHT", rstrip=True, normalized=False),
        AddedToken("norm", normalized=True),
    ])  # fmt: skip
    bos = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    return tokenizer


def bpe(size, byte_fallback, pre, alphabet=()):
    """Trained with `pre` as the pre-tokenizer."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>" if byte_fallback else None, byte_fallback=byte_fallback, fuse_unk=byte_fallback))
    tokenizer.pre_tokenizer = pre
    specials = ["<unk>", "<s>", "</s>"] if byte_fallback else []
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, special_tokens=specials, initial_alphabet=list(alphabet), show_progress=False))
    return tokenizer


def with_bytes(tokenizer):
    """The same with the 256 byte pieces that fall back, right after the special ones, as SentencePiece has them."""
    made = json.loads(tokenizer.to_str())
    old = sorted(made["model"]["vocab"], key=made["model"]["vocab"].get)
    pieces = old[:3] + [f"<0x{byte:02X}>" for byte in range(256)] + old[3:]
    made["model"]["vocab"] = {piece: i for i, piece in enumerate(pieces)}
    made["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(made))


SENTENCE_PIECE_DECODER = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]


def legacy():
    tokenizer = with_bytes(bpe(360, True, pre_tokenizers.Metaspace()))
    tokenizer.pre_tokenizer = None
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(SENTENCE_PIECE_DECODER)
    return tokenizer


def metaspace(scheme):
    tokenizer = with_bytes(bpe(360, True, pre_tokenizers.Metaspace()))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Sequence(SENTENCE_PIECE_DECODER if scheme != "never" else SENTENCE_PIECE_DECODER[:3])
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=220, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False))
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return tokenizer


def byte_level(pattern, normalizer):
    tokenizer = bpe(420, False, pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.ByteLevel.alphabet())
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated") if pattern else None
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, level]) if pattern else level
    tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


KINDS = {
    "llama-legacy": legacy,
    "metaspace-first": lambda: metaspace("first"),
    "metaspace-always": lambda: metaspace("always"),
    "metaspace-never": lambda: metaspace("never"),
    "gpt2": lambda: byte_level(None, None),
    "qwen2": lambda: byte_level(QWEN2, normalizers.NFC()),
    "llama3": lambda: byte_level(LLAMA3, None),
    "unigram": unigram,
}  # fmt: skip


def sequences(size):
    """Ids to decode: seeded, and dense in bytes and special tokens."""
    state = 1
    for i in range(NASTY_IDS):
        row = []
        for _ in range(1 + i % 9):
            state = (state * 1103515245 + 12345) % 2**31
            row.append((state >> 8) % (size if i % 3 else min(size, 259)))
        yield row


def without(tokenizer, drop):
    """What a text becomes, without BOS, if some added tokens are none."""
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if not drop(token)]
    made["post_processor"] = None
    other = Tokenizer.from_str(json.dumps(made))
    # the other may give added tokens new ids
    old = {token.content: id for id, token in tokenizer.get_added_tokens_decoder().items()}
    new = {id: old[token.content] for id, token in other.get_added_tokens_decoder().items()}
    return lambda text: [new.get(id, id) for id in other.encode(text).ids]


def decode(tokenizer, row, skip):
    """
    As `tokenizer.decode`, but runs of byte pieces become characters as Python's `errors="replace"` makes them, where
    the Rust code shows each byte of a run as U+FFFD if any is wrong.
    """
    special = {id for id, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    pieces, run = [], b""
    for token in [tokenizer.id_to_token(id) for id in row if not (skip and id in special)] + [""]:
        if re.fullmatch("<0x[0-9A-F]{2}>", token):
            run += bytes([int(token[3:5], 16)])
            continue
        if run:
            pieces.append(run.decode("utf-8", errors="replace"))
        pieces, run = [*pieces, token], b""
    return tokenizer.decoder.decode(pieces[:-1]) if row else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    for name, make in KINDS.items():
        tokenizer = add(make())
        plain = without(tokenizer, lambda token: token["special"])
        mixed = without(tokenizer, lambda token: token["content"] == "</s>")
        broken = list(sequences(tokenizer.get_vocab_size()))
        texts = [tokenizer.encode(text).ids for text in TEXTS]
        ids = lambda text: tokenizer.encode(text).ids
        (out / f"{name}.json").write_text(json.dumps({
            "format": 1,
            "source": {"tokenizers": tokenizers.__version__},
            "encode": [[text, ids(text)] for text in TEXTS],
            "literal": [[text, plain(text)] for text in LITERAL],
            "mixed": [[text, mixed(text)] for text in MIXED],
            "decode": [[row, tokenizer.decode(row, skip_special_tokens=False), tokenizer.decode(row)] for row in texts]
            + [[row, decode(tokenizer, row, False), decode(tokenizer, row, True)] for row in broken],
            "tokenizer": json.loads(tokenizer.to_str()),
        }, ensure_ascii=True, separators=(",", ":")) + "\n")  # fmt: skip
        print(f"{name}: {tokenizer.get_vocab_size()} ids, {len(TEXTS)} texts, {len(texts + broken)} decoded")


if __name__ == "__main__":
    main()
