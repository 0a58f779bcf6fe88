"""Writes golden/fixtures/tokenizers' texts once more with the character that each token begins at.

    python export_token_starts.py --fixtures ../fixtures

Needs the package tokenizers only. Reads the tokenizers of fixtures/tokenizers, and writes fixtures/tokenStarts.json:
{kind: [[text, starts], ...]}, starts in UTF-16 units as JavaScript counts.
"""

import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer


def utf16(text, at):
    return len(text[:at].encode("utf-16-le", "surrogatepass")) // 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fixtures", type=Path, required=True)
    fixtures = parser.parse_args().fixtures
    found = {}
    for file in sorted((fixtures / "tokenizers").glob("*.json")):
        golden = json.loads(file.read_text())
        tokenizer = Tokenizer.from_str(json.dumps(golden["tokenizer"]))
        rows = []
        for text, ids in golden["encode"]:
            encoding = tokenizer.encode(text, add_special_tokens=False)
            assert encoding.ids == ids[1:], text
            rows.append([text, [utf16(text, start) for start, _ in encoding.offsets]])
        found[file.stem] = rows
    lines = [f"{json.dumps(kind)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]" for kind, rows in found.items()]
    (fixtures / "tokenStarts.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
