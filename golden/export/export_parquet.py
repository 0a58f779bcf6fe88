"""Writes golden/fixtures/parquet: rows as MMMU is given out, by Apache Arrow, and the same as lines of JSON.

    python export_parquet.py --out ../fixtures/parquet

Pictures are structs of bytes and path, as Hugging Face's datasets store them; columns are compressed by Snappy, in two
groups of rows. Needs pyarrow and Pillow.
"""

import argparse
import base64
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

PICTURES = 7


def picture(seed):
    image = Image.new("RGB", (8, 8), (20 * seed, 255 - 20 * seed, 100))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def row(i):
    is_open = i % 5 == 4
    pictures = {1: picture(i), 2: picture(i + 1) if i % 2 else None}
    return {
        "id": f"validation_Art_Theory_{i}",
        "question": "What is <image 1> here – “<image 2>”?",
        "options": "[]" if is_open else "['a dog', \"it's a bus\", 'two\\nlines']",
        "explanation": "",
        **{f"image_{n}": pictures.get(n) for n in range(1, PICTURES + 1)},
        "img_type": "['Paintings']",
        "answer": "['2', 'two']" if is_open else "A",
        "topic_difficulty": "Easy",
        "question_type": "open" if is_open else "multiple-choice",
        "subfield": "Art",
        "number": i,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rows = [row(i) for i in range(10)]
    stored = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {name: [one[name] for one in rows] for name in rows[0]}
    for name, cells in columns.items():
        if name.startswith("image_"):
            cells = [bytes_ and {"bytes": bytes_, "path": f"{name}.png"} for bytes_ in cells]
            columns[name] = pa.array(cells, stored)
    table = pa.table(columns)
    pq.write_table(table, out / "validation-00000-of-00001.parquet", compression="snappy", row_group_size=6)
    with open(out / "validation.jsonl", "w") as file:
        for one in rows:
            shown = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in one.items()}
            file.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main()
