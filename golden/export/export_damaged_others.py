"""Writes golden/fixtures/damaged/others.json: PNG and WebP files with all manner of damage, and what Pillow makes of each.

    python export_damaged_others.py --pictures ../fixtures/pictures --out ../fixtures/damaged      # needs pillow, nothing else

The cases are written as those of export_damaged.py, which is about JPEG.
"""

import struct
import zlib


from export_damaged import write

SOURCES = ["rgb-8.png", "palette-4.png", "grey-1-interlaced.png", "rgba-8.png", "lossy.webp", "lossless.webp", "lossy-alpha.webp"]


def png_chunks(data):
    """[type, where it begins, where it ends]"""
    found, at = [], 8
    while at + 12 <= len(data):
        stop = at + 12 + struct.unpack(">I", data[at : at + 4])[0]
        found.append([data[at + 4 : at + 8].decode(), at, stop])
        at = stop
    return found


def webp_chunks(data):
    found, at = [], 12
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        stop = at + 8 + size + size % 2
        found.append([data[at : at + 4].decode().strip(), at, min(len(data), stop)])
        at = stop
    return found


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_edits(data):
    edits = {}
    text = chunk(b"tEXt", b"a\0b")
    added = {"text": text, "wrong-text": text[:-1] + b"!", "unknown": chunk(b"prIv", b"abc"), "critical": chunk(b"ABCD", b"abc"),
             "end": chunk(b"IEND", b""), "empty-data": chunk(b"IDAT", b"")}  # fmt: skip
    for n, (kind, begin, stop) in enumerate(png_chunks(data)):
        edits[f"checksum-of-{kind}-{n}"] = [[stop - 1, stop, bytes([data[stop - 1] ^ 1])]]
        for name, length in (("long", b"\0\xff\xff\xff"), ("longest", b"\xff" * 4), ("empty", b"\0" * 4)):
            edits[f"{name}-{kind}-{n}"] = [[begin, begin + 4, length]]
        for name, content in added.items():
            edits[f"{name}-before-{kind}-{n}"] = [[begin, begin, content]]
    return edits


def webp_edits(data):
    end = len(data)
    sizes = {"longer": end + 100, "shorter": end - 30, "none": 0}
    edits = {f"riff-{name}": [[4, 8, struct.pack("<I", size)]] for name, size in sizes.items()}
    for n, (kind, begin, _) in enumerate(webp_chunks(data)):
        for name, length in (("long", b"\xff\xff\xff\0"), ("longest", b"\xff" * 4), ("empty", b"\0" * 4)):
            edits[f"{name}-{kind}-{n}"] = [[begin + 4, begin + 8, length]]
        edits[f"unknown-before-{kind}-{n}"] = [[begin, begin, b"priv\x04\0\0\0abcd"]]
        edits[f"exif-before-{kind}-{n}"] = [[begin, begin, b"EXIF\x04\0\0\0abcd"]]
    return edits


def edits_of(source, data, generator):
    """Name -> [[from, to, bytes] ...]"""
    end, is_png = len(data), source.endswith(".png")
    edits = png_edits(data) if is_png else webp_edits(data)
    for count in (1, 2, 4, 8, 11, 12, 13, 16, 20, 40, 100, end // 2):
        edits[f"cut-{count}"] = [[end - count, end, b""]]
    for name, content in (("zeros", b"\0" * 50), ("text", b"<html>"), ("another", data[:200])):
        edits[f"{name}-after-end"] = [[end, end, content]]
    for n, (kind, begin, stop) in enumerate(png_chunks(data) if is_png else webp_chunks(data)):
        edits[f"without-{kind}-{n}"] = [[begin, stop, b""]]
        edits[f"twice-{kind}-{n}"] = [[stop, stop, data[begin:stop]]]
        edits[f"junk-before-{kind}-{n}"] = [[begin, begin, b"junk junk"]]
        edits[f"zeros-before-{kind}-{n}"] = [[begin, begin, b"\0" * 12]]
    for n in range(20):
        at = generator.randrange(8, end)
        edits[f"byte-{n}"] = [[at, at + 1, bytes([generator.randrange(256)])]]
    for n in range(5):
        at = generator.randrange(8, end)
        edits[f"gone-{n}"] = [[at, min(end, at + generator.randrange(1, 30)), b""]]
        edits[f"more-{n}"] = [[at, at, bytes(generator.randrange(255) for _ in range(generator.randrange(1, 30)))]]
    return edits


if __name__ == "__main__":
    write(__doc__, "others.json", SOURCES, edits_of, ["PNG", "WEBP"], {})
