"""Writes golden/fixtures/tars.json: tar archives by Python's tarfile, and what it finds in them.

    python export_tars.py --out ../fixtures/tars.json

Long names, names that are not ASCII, large sizes (base-256), folders, links, pipes, archives that are cut off or joined.
Needs nothing but Python. Archives are gzipped, in base64.
"""

import argparse
import base64
import gzip
import io
import json
import tarfile
from pathlib import Path

LONG = "long/" * 40 + "name.txt"
PREFIX = "p" * 90 + "/" + "q" * 60 + ".txt"
FILES = {"a.jpg": b"picture", "ünïcode.txt": b"x" * 700, "empty.txt": b"", "d.x/b.txt": b"in a folder"}
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def archive(kind, files, others=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=FORMATS[kind]) as tar:
        for member_type, name, link in others:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = member_type, link
            tar.addfile(info)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def base256(data):
    """The first member's size as bytes, as GNU writes what octal digits cannot say."""
    header = bytearray(data[:512])
    header[124:136] = b"\x80" + int(header[124:135], 8).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def found(data):
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            return [[m.name, m.offset_data, m.size] for m in tar if m.isfile()]
    except tarfile.ReadError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    others = [
        (tarfile.DIRTYPE, "d.x", ""),
        (tarfile.SYMTYPE, "link.txt", "a.jpg"),
        (tarfile.LNKTYPE, "hard.txt", "a.jpg"),
        (tarfile.FIFOTYPE, "pipe.txt", ""),
        (tarfile.CONTTYPE, "contiguous.txt", ""),
        (tarfile.AREGTYPE, "oldest.txt", ""),
    ]
    far = (tarfile.SYMTYPE, "far.txt", LONG)  # too long for ustar
    made = {kind: archive(kind, FILES, others if kind == "ustar" else [*others, far]) for kind in FORMATS}
    made["ustar, a prefix"] = archive("ustar", {PREFIX: b"1"})
    made["gnu, long names"] = archive("gnu", {LONG: b"1", "b.txt": b"2", PREFIX: b"3"})
    made["pax, long names"] = archive("pax", {LONG: b"1", "b.txt": b"2", PREFIX: b"3"})
    made["a size as bytes"] = base256(archive("gnu", {"a.txt": b"x" * 600, "b.txt": b"y"}))
    made["two, joined"] = archive("pax", {"a.txt": b"1"}) + archive("pax", {"b.txt": b"2"})
    plain = archive("ustar", {"a.txt": b"1", "b.txt": b"2"})
    made["a header with a changed byte"] = plain[:1024] + b"c" + plain[1025:]
    made["cut behind a member"] = plain[:1024]
    made["no tar"] = b"hello " * 500
    made["empty"] = b""
    cases = [
        {"name": name, "archive": base64.b64encode(gzip.compress(data, mtime=0)).decode(), "files": found(data)}
        for name, data in made.items()
    ]
    out.write_text(json.dumps({"python": "tarfile", "cases": cases}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
