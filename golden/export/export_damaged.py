"""Writes golden/fixtures/damaged: JPEG files with all manner of damage, and which of them Pillow reads, to what pixels.

    python export_damaged.py --pictures ../fixtures/pictures --out ../fixtures/damaged      # needs pillow, nothing else

`damaged.json` lists [name, the picture that was damaged, [[from, to, bytes in hexadecimal] ...], CRC-32 of what
`convert("RGB")` makes of it, or null if Pillow refuses it]: each stretch of the picture is replaced by the bytes, the last
stretch first. With the same seed, the list is the same.
"""

import argparse
import io
import json
import random
import struct
import warnings
import zlib
from pathlib import Path

import PIL
from PIL import Image, features

SOURCES = ["444.jpg", "420.jpg", "progressive-420.jpg", "restart-420.jpg", "grey.jpg"]


def segments(data):
    """[marker, where it begins, where it ends] up to the first scan's pixel data; then ["data", begin, end]."""
    found, at = [], 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.append([marker, at, at + 2 + length])
        at += 2 + length
        if marker == 0xDA:
            return [*found, ["data", at, len(data) - 2]]


def edits_of(_source, data, generator):
    """Name -> [[from, to, bytes] ...]"""
    end, parts = len(data), segments(data)
    start_of = {marker: begin for marker, begin, _ in parts}
    scan, first, last = start_of[0xDA], start_of["data"], end - 2
    tables = [begin for marker, begin, _ in parts if marker in (0xDB, 0xC0, 0xC2, 0xC4)]
    edits = {}

    def insert(name, at, content):
        edits[name] = [[at, at, content]]

    # at the end
    edits["no-end"] = [[last, end, b""]]
    edits["half-an-end"] = [[end - 1, end, b""]]
    for count in (1, 2, 3, 5, 10, 40, 200):
        edits[f"cut-{count}"] = [[max(first, last - count), end, b""]]
        edits[f"cut-{count}-with-end"] = [[max(first, last - count), last, b""]]
    insert("fill-before-end", last, b"\xff" * 5)
    insert("zeros-before-end", last, b"\0" * 50)
    insert("junk-before-end", last, b"junk" * 10)
    insert("escaped-before-end", last, b"\xff\0" * 4)
    insert("restart-before-end", last, b"\xff\xd3")
    insert("comment-before-end", last, b"\xff\xfe\0\x06abcd")
    insert("long-comment-before-end", last, b"\xff\xfe\xff\xffabcd")
    insert("reserved-marker-before-end", last, b"\xff\x02\0\x04ab")
    insert("zeros-after-end", end, b"\0" * 100)
    insert("text-after-end", end, b"<html>nothing to see</html>")
    insert("another-after-end", end, data[:300])
    insert("end-twice", end, b"\xff\xd9")
    edits["zeros-for-end"] = [[last, end, b"\0" * 20]]
    edits["junk-for-end"] = [[last, end, b"more than nothing"]]
    edits["other-marker-for-end"] = [[last, end, b"\xff\xd8"]]
    edits["no-data"] = [[first, end, b""]]
    edits["no-data-but-end"] = [[first, last, b""]]
    edits["cut-in-scan-header"] = [[scan + 4, end, b""]]
    edits["cut-in-tables"] = [[tables[0] + 10, end, b""]]

    # between segments
    for name, at in (("start", 2), ("tables", tables[-1]), ("scan", scan)):
        insert(f"fill-before-{name}", at, b"\xff" * 3)
        insert(f"zeros-before-{name}", at, b"\0" * 7)
        insert(f"junk-before-{name}", at, b"not a marker")
        insert(f"escaped-before-{name}", at, b"\xff\0" * 3)
        insert(f"one-byte-before-{name}", at, b"\x20")
        insert(f"comment-before-{name}", at, b"\xff\xfe\0\x05abc")
        insert(f"empty-comment-before-{name}", at, b"\xff\xfe\0\x02")
        insert(f"short-comment-before-{name}", at, b"\xff\xfe\0\x01")
        insert(f"zero-comment-before-{name}", at, b"\xff\xfe\0\0")
        insert(f"long-comment-before-{name}", at, b"\xff\xfe\xff\xf0abc")
        insert(f"app-before-{name}", at, b"\xff\xe5\0\x08abcdef")
        insert(f"longer-app-before-{name}", at, b"\xff\xe5\0\x0cabcdef")
        insert(f"shorter-app-before-{name}", at, b"\xff\xe5\0\x05abcdef")
        insert(f"restart-before-{name}", at, b"\xff\xd0")
        insert(f"start-before-{name}", at, b"\xff\xd8")
        insert(f"end-before-{name}", at, b"\xff\xd9")
        insert(f"reserved-before-{name}", at, b"\xff\x02")
        insert(f"temporary-before-{name}", at, b"\xff\x01")
        insert(f"extension-before-{name}", at, b"\xff\xf0\0\x04ab")
        insert(f"number-of-lines-before-{name}", at, b"\xff\xdc\0\x04\0\x2b")
        insert(f"interval-before-{name}", at, b"\xff\xdd\0\x04\0\x02")
    for marker, begin, stop in parts[:-1]:
        edits[f"without-{marker:02x}-at-{begin}"] = [[begin, stop, b""]]
        edits[f"length-0-of-{marker:02x}-at-{begin}"] = [[begin + 2, begin + 4, b"\0\0"]]
        edits[f"length-long-of-{marker:02x}-at-{begin}"] = [[begin + 2, begin + 4, b"\xff\xff"]]

    # within the pixel data
    restarts = [at for at in range(first, last) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7]
    for name, at in (("first", restarts[0]), ("later", restarts[len(restarts) // 2])) if restarts else ():
        edits[f"{name}-restart-gone"] = [[at, at + 2, b""]]
        edits[f"{name}-restart-other"] = [[at + 1, at + 2, bytes([0xD0 + (data[at + 1] + 3) % 8])]]
        edits[f"{name}-restart-next"] = [[at + 1, at + 2, bytes([0xD0 + (data[at + 1] + 1) % 8])]]
        edits[f"{name}-restart-twice"] = [[at, at, data[at : at + 2]]]
        edits[f"{name}-restart-filled"] = [[at, at, b"\xff\xff"]]
        edits[f"{name}-restart-junk"] = [[at, at, b"junk"]]
        edits[f"{name}-restart-cut"] = [[at - 2, at, b""]]
    middle = (first + last) // 2
    insert("end-in-data", middle, b"\xff\xd9")
    insert("comment-in-data", middle, b"\xff\xfe\0\x05abc")
    insert("fill-in-data", middle, b"\xff\xff\xff")
    insert("tables-in-data", middle, b"\xff\xdb\0\x43\0" + bytes(range(1, 65)))
    insert("restart-in-data", middle, b"\xff\xd0")
    for n in range(12):
        at = generator.randrange(first, last)
        edits[f"byte-{n}"] = [[at, at + 1, bytes([generator.randrange(256)])]]
    for n in range(6):
        at = generator.randrange(first, last)
        edits[f"gone-{n}"] = [[at, min(last, at + generator.randrange(1, 30)), b""]]
        insert(f"more-{n}", at, bytes(generator.randrange(255) for _ in range(generator.randrange(1, 30))))
    for n in range(10):
        at = generator.randrange(2, first)
        edits[f"header-byte-{n}"] = [[at, at + 1, bytes([generator.randrange(256)])]]
    for n in range(6):
        spots = sorted(generator.sample(range(2, end), 3))
        edits[f"three-bytes-{n}"] = [[at, at + 1, bytes([generator.randrange(256)])] for at in spots]
    return edits


def damaged(data, edits):
    for begin, stop, content in reversed(edits):
        data = data[:begin] + content + data[stop:]
    return data


def read(content, formats):
    try:
        image = Image.open(io.BytesIO(content), formats=formats)
        return f"{zlib.crc32(image.convert('RGB').tobytes()):08x}"
    except Exception:
        return None


def write(description, name, sources, edits_of, formats, versions):
    """Damage each of `sources` by `edits_of(source, its bytes, a generator)` and write what Pillow makes of it as `name`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    cases = []
    for source in sources:
        data = (arguments.pictures / source).read_bytes()
        for case, edits in edits_of(source, data, random.Random(source)).items():
            written = [[begin, stop, content.hex()] for begin, stop, content in edits]
            cases.append([case, source, written, read(damaged(data, edits), formats)])
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    text = f'{{\n "source": {json.dumps({"pillow": PIL.__version__, **versions})},\n "cases": [\n{lines}\n ]\n}}\n'
    (arguments.out / name).write_text(text)
    refused = sum(case[3] is None for case in cases)
    print(f"{arguments.out}: {len(cases)} files, {refused} refused, {len(text) / 1e3:.0f} KB")


if __name__ == "__main__":
    versions = {"libjpeg_turbo": features.version("libjpeg_turbo")}
    write(__doc__, "damaged.json", SOURCES, edits_of, ["JPEG"], versions)
