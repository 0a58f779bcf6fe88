"""Writes golden/fixtures/orientation: small files that say in all manner of ways how they are to be turned, and what
Pillow's `ImageOps.exif_transpose` makes of each.

    python export_orientation.py --out ../fixtures/orientation      # needs pillow, nothing else

`files.deflate` (zlib) holds the files one after the other; `orientation.json` lists [name, bytes, the orientation that Pillow
applies (1 to 8), or null where it raises an error].
"""

import argparse
import io
import json
import struct
import warnings
import zlib
from pathlib import Path

import PIL
from PIL import Image, ImageOps

PICTURE = Image.new("RGB", (3, 2))
PICTURE.putdata([(40 * i, 255 - 30 * i, 7 * i) for i in range(6)])
METHODS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
METHODS |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}


# ---- EXIF ---------------------------------------------------------------------------------------------------------


def entry(order, tag, kind, count, value):
    return struct.pack(order + "HHL", tag, kind, count) + value.ljust(4, b"\0")[:4]


def tiff(order="<", entries=(), magic=None, offset=8, count=None, after=b"", end=True):
    """A TIFF block of one directory. `after` follows it, at byte 8 + 2 + 12 n + 4 if `offset` is 8."""
    mark = {"<": b"II", ">": b"MM"}[order]
    head = magic or mark + struct.pack(order + "H", 42)
    directory = struct.pack(order + "H", len(entries) if count is None else count) + b"".join(entries)
    return head + struct.pack(order + "L", offset) + directory + (b"\0" * 4 if end else b"") + after


def orientation(value, order="<", kind=3, count=1):
    formats = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 13: "L"}
    packed = struct.pack(order + formats[kind], value) if kind in formats else value
    return entry(order, 0x0112, kind, count, packed)


def exif_blocks():
    blocks = {}
    for order, name in (("<", "little"), (">", "big")):
        for value in range(10):
            blocks[f"{name}-{value}"] = tiff(order, [orientation(value, order)])
        for kind in (1, 3, 4, 6, 8, 9, 11, 13):
            blocks[f"{name}-kind-{kind}"] = tiff(order, [orientation(6, order, kind)])
        for kind, data in {5: struct.pack(order + "LL", 6, 1), 10: struct.pack(order + "ll", 12, 2)}.items():
            at = 8 + 2 + 12 + 4
            blocks[f"{name}-rational-{kind}"] = tiff(
                order, [orientation(struct.pack(order + "L", at), order, kind)], after=data
            )
        double = struct.pack(order + "d", 6)
        blocks[f"{name}-double"] = tiff(order, [orientation(struct.pack(order + "L", 26), order, 12)], after=double)
        long8 = struct.pack(order + "Q", 6)
        blocks[f"{name}-long8"] = tiff(order, [orientation(struct.pack(order + "L", 26), order, 16)], after=long8)
    six, eight = orientation(6), orientation(8)
    text = lambda tag, size, at: entry("<", tag, 2, size, struct.pack("<L", at))  # noqa: E731
    blocks |= {
        "text": tiff("<", [orientation(b"6\0", kind=2, count=2)]),
        "undefined": tiff("<", [orientation(b"\x06", kind=7)]),
        "kind-0": tiff("<", [orientation(b"\x06", kind=0)]),
        "kind-14": tiff("<", [orientation(b"\x06\0", kind=14)]),
        "count-0": tiff("<", [orientation(6, count=0)]),
        "count-2": tiff("<", [orientation(6, count=2)]),
        "count-3-elsewhere": tiff("<", [orientation(struct.pack("<L", 26), kind=33, count=3)], after=b"\x06\0" * 3),
        "three-shorts": tiff("<", [entry("<", 0x112, 3, 3, struct.pack("<L", 26))], after=b"\x06\0\x03\0\x08\0"),
        "negative": tiff("<", [orientation(-6, kind=8)]),
        "float-half": tiff("<", [orientation(6.5, kind=11)]),
        "rational-by-0": tiff("<", [orientation(struct.pack("<L", 26), kind=5)], after=struct.pack("<LL", 6, 0)),
        "twice": tiff("<", [six, eight]),
        "twice-first-unknown": tiff("<", [orientation(b"\x06", kind=0), eight]),
        "no-orientation": tiff("<", [entry("<", 0x010F, 3, 1, b"\1\0")]),
        "no-entries": tiff("<"),
        "after-others": tiff("<", [entry("<", 0x0100, 4, 1, b"\1\0\0\0"), six]),
        "after-text": tiff("<", [text(0x010F, 6, 38), six], after=b"Maker\0"),
        "after-text-beyond-the-end": tiff("<", [text(0x010F, 6, 5000), six], after=b"Maker\0"),
        "after-text-too-long": tiff("<", [text(0x010F, 6000, 38), six], after=b"Maker\0"),
        "after-many-long-texts": tiff("<", [text(0x010F, 30, 0), text(0x0110, 30, 0), text(0x0131, 30, 0), six]),
        "before-text-beyond-the-end": tiff("<", [six, text(0x0131, 6, 5000)]),
        "cut-in-directory": tiff("<", [entry("<", 0x0100, 4, 1, b"\1\0\0\0"), six], end=False)[:-5],
        "cut-after-orientation": tiff("<", [six], count=3, end=False),
        "count-too-large": tiff("<", [six], count=65535),
        "directory-later": tiff("<", [six], offset=20)[:8] + b"?" * 12 + tiff("<", [six])[8:],
        "directory-beyond-the-end": tiff("<", [six], offset=500),
        "directory-at-0": tiff("<", [six], offset=0),
        "magic-swapped-big": tiff(">", [orientation(6, ">")], magic=b"MM\x2a\0"),
        "magic-swapped-little": tiff("<", [six], magic=b"II\0\x2a"),
        "magic-43-big": tiff(">", [orientation(6, ">")], magic=b"MM\0\x2b"),
        "magic-43-little": tiff("<", [six], magic=b"II\x2b\0"),
        "magic-wrong": tiff("<", [six], magic=b"II\x2c\0"),
        "order-wrong": tiff("<", [six], magic=b"XX\x2a\0"),
        "head-cut": b"II\x2a\0\x08\0",
        "nothing": b"",
        "prefix-again": b"Exif\0\0" + tiff("<", [six]),
        "prefix-thrice": b"Exif\0\0" * 2 + tiff("<", [six]),
    }
    return blocks


XMP = '<x:xmpmeta><rdf:RDF><rdf:Description tiff:Make="a" tiff:Orientation="%s"/></rdf:RDF></x:xmpmeta>'
XMP_ELEMENT = "<x:xmpmeta><tiff:Orientation>%s</tiff:Orientation></x:xmpmeta>"

# ---- files --------------------------------------------------------------------------------------------------------


def saved(kind, **options):
    file = io.BytesIO()
    PICTURE.save(file, kind, **options)
    return file.getvalue()


def jpeg(*app1, after_scan=b"", density=True):
    """`app1` after the picture's own header; `after_scan` in its place before the end mark."""
    plain = saved("JPEG", quality=95, subsampling=0)
    head = 2 if density else 20
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in app1)
    start = plain[:head] if density else plain[:2]
    return start + segments + plain[head:-2] + after_scan + plain[-2:]


def jpeg_dpi(*app1):
    plain = saved("JPEG", quality=95, subsampling=0, dpi=(72, 72))
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in app1)
    return plain[:20] + segments + plain[20:]


def app_exif(block):
    return b"Exif\0\0" + block


def app_xmp(text):
    return b"http://ns.adobe.com/xap/1.0/\0" + text.encode()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, after=()):
    plain = saved("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:-12] + b"".join(after) + plain[-12:]


def raw_profile(block, head="\nexif\n%8d\n", width=72):
    text = block.hex()
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return (head % len(block) + "\n".join(lines) + "\n").encode()


def webp(*chunks, flags=0):
    body = saved("WEBP", lossless=True)[12:]
    header = struct.pack("<4sLL", b"VP8X", 10, flags) + (2).to_bytes(3, "little") + (1).to_bytes(3, "little")
    parts = header + body + b"".join(kind + struct.pack("<L", len(d)) + d + b"\0" * (len(d) % 2) for kind, d in chunks)
    return b"RIFF" + struct.pack("<L", len(parts) + 4) + b"WEBP" + parts


def files():
    blocks = exif_blocks()
    six, eight, none = (blocks[name] for name in ("little-6", "big-8", "no-orientation"))
    found = {f"jpeg/{name}": jpeg(app_exif(block)) for name, block in blocks.items()}
    found |= {f"png/{name}": png(chunk(b"eXIf", block)) for name, block in blocks.items()}
    found |= {f"webp/{name}": webp((b"EXIF", block), flags=8) for name, block in blocks.items() if block}
    xmp = {"attribute": XMP % 6, "element": XMP_ELEMENT % 8, "nine": XMP % 9, "zero": XMP % 0, "word": XMP % "six"}
    xmp |= {"spaced": XMP.replace('="%s"', ' = "%s"') % 6, "single": XMP.replace('"%s"', "'%s'") % 6, "long": XMP % 61}
    xmp |= {"twice": XMP % 6 + XMP % 3, "none": "<x/>", "empty": ""}
    for name, text in xmp.items():
        found[f"jpeg/xmp-{name}"] = jpeg(app_xmp(text))
        found[f"webp/xmp-{name}"] = webp((b"XMP ", text.encode()), flags=4)
        itxt = b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode()
        found[f"png/xmp-{name}"] = png(chunk(b"iTXt", itxt))
    bad = blocks["magic-wrong"]
    found |= {
        "jpeg/plain": jpeg(),
        "jpeg/exif-before-xmp": jpeg(app_exif(six), app_xmp(XMP % 8)),
        "jpeg/xmp-before-exif": jpeg(app_xmp(XMP % 8), app_exif(six)),
        "jpeg/upright-exif-before-xmp": jpeg(app_exif(blocks["little-1"]), app_xmp(XMP % 8)),
        "jpeg/strange-exif-before-xmp": jpeg(app_exif(blocks["text"]), app_xmp(XMP % 8)),
        "jpeg/exif-without-and-xmp": jpeg(app_exif(none), app_xmp(XMP % 8)),
        "jpeg/bad-exif-and-xmp": jpeg(app_exif(bad), app_xmp(XMP % 8)),
        "jpeg/bad-exif-and-xmp-dpi": jpeg_dpi(app_exif(bad), app_xmp(XMP % 8)),
        "jpeg/dpi": jpeg_dpi(app_exif(six)),
        "jpeg/exif-in-two": jpeg(app_exif(six[:12]), app_exif(six[12:])),
        "jpeg/exif-twice": jpeg(app_exif(six), app_exif(eight)),
        "jpeg/xmp-twice": jpeg(app_xmp(XMP % 6), app_xmp(XMP % 8)),
        "jpeg/exif-after-scan": jpeg(after_scan=b"\xff\xe1" + struct.pack(">H", len(six) + 8) + app_exif(six)),
        "jpeg/exif-without-zeros": jpeg(b"Exif" + six),
        "jpeg/exif-other-case": jpeg(b"EXIF\0\0" + six),
        "jpeg/no-jfif": jpeg(app_exif(six), density=False),
        "png/plain": png(),
        "png/exif-prefixed": png(chunk(b"eXIf", app_exif(six))),
        "png/exif-after-data": png(after=[chunk(b"eXIf", six)]),
        "png/exif-twice": png(chunk(b"eXIf", six), chunk(b"eXIf", eight)),
        "png/exif-and-raw-profile": png(
            chunk(b"tEXt", b"Raw profile type exif\0" + raw_profile(eight)), chunk(b"eXIf", six)
        ),
        "png/exif-and-xmp": png(chunk(b"eXIf", none), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + (XMP % 8).encode())),
        "png/bad-exif-and-xmp": png(chunk(b"eXIf", bad), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + (XMP % 8).encode())),
        "png/exif-in-text": png(chunk(b"tEXt", b"exif\0" + app_exif(six))),
        "png/xmp-packed": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + zlib.compress((XMP % 6).encode()))),
        "png/xmp-packed-otherwise": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\1\0\0" + zlib.compress((XMP % 6).encode()))),
        "png/xmp-damaged": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"damaged")),
        "png/xmp-no-utf-8": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0\xff" + (XMP % 6).encode())),
        "png/xmp-in-text": png(chunk(b"tEXt", b"XML:com.adobe.xmp\0" + (XMP % 6).encode())),
        "png/xmp-in-packed-text": png(chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress((XMP % 6).encode()))),
        "png/xmp-after-data": png(after=[chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + (XMP % 6).encode())]),
        "webp/plain": webp(),
        "webp/exif-unannounced": webp((b"EXIF", six), flags=0),
        "webp/xmp-unannounced": webp((b"XMP ", (XMP % 6).encode()), flags=8),
        "webp/exif-prefixed": webp((b"EXIF", app_exif(six)), flags=8),
        "webp/exif-twice": webp((b"EXIF", six), (b"EXIF", eight), flags=8),
        "webp/exif-and-xmp": webp((b"EXIF", none), (b"XMP ", (XMP % 8).encode()), flags=12),
        "webp/bad-exif-and-xmp": webp((b"EXIF", bad), (b"XMP ", (XMP % 8).encode()), flags=12),
    }
    key = b"Raw profile type exif\0"
    profiles = {
        "": raw_profile(app_exif(six)),
        "-bare": raw_profile(six),
        "-one-line": raw_profile(app_exif(six), width=10_000),
        "-upper": raw_profile(app_exif(six)).upper(),
        "-spaced": raw_profile(app_exif(six)).replace(b"45786966", b"45 78 69\t66"),
        "-no-length": raw_profile(app_exif(six), head="\nexif\n%s"),
        "-no-hex": raw_profile(app_exif(six)).replace(b"45786966", b"4578696g"),
        "-odd": raw_profile(app_exif(six))[:-2] + b"\n",
        "-cut": raw_profile(app_exif(six))[:-30],
        "-app1": raw_profile(app_exif(six), head="\napp1\n%8d\n"),
    }
    for name, profile in profiles.items():
        found[f"png/raw-profile{name}"] = png(chunk(b"zTXt", key + b"\0" + zlib.compress(profile)))
    found |= {
        "png/raw-profile-text": png(chunk(b"tEXt", key + profiles[""])),
        "png/raw-profile-itxt": png(chunk(b"iTXt", key + b"\0\0\0\0" + profiles[""])),
        "png/raw-profile-damaged": png(chunk(b"zTXt", key + b"\0damaged")),
        "png/raw-profile-app1": png(chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(profiles[""]))),
        "png/raw-profile-after-data": png(after=[chunk(b"zTXt", key + b"\0" + zlib.compress(profiles[""]))]),
    }
    return found


def applied(content):
    """The orientation whose turn makes of the picture what `exif_transpose` makes of it."""
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
        turned = ImageOps.exif_transpose(image)
    except Exception:
        return None
    for number in range(1, 9):
        wanted = image if number == 1 else image.transpose(getattr(Image.Transpose, METHODS[number]))
        if wanted.size == turned.size and wanted.tobytes() == turned.tobytes():
            return number
    raise AssertionError("a turn that is none of the eight")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    found = files()
    cases = [[name, len(content), applied(content)] for name, content in found.items()]
    (out / "files.deflate").write_bytes(zlib.compress(b"".join(found.values()), 9))
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    (out / "orientation.json").write_text(f'{{\n "pillow": "{PIL.__version__}",\n "cases": [\n{lines}\n ]\n}}\n')
    print(f"{out}: {len(cases)} files, {sum(len(content) for content in found.values()) / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
