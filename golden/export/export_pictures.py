"""Writes golden/fixtures/pictures: small files of every kind that is read, and what Pillow makes of them.

    python export_pictures.py --out ../fixtures/pictures      # needs pillow and numpy, nothing else

For each file: the RGB bytes of `Image.open(file).convert("RGB")` (stored, deflated, where a decoder may differ from
Pillow; else as a CRC-32), and the CRC-32 of the model input: shorter side to 28 (bicubic), centre crop, RGB.
"""

import argparse
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, features

from drawing import scene

SIZE = 28  # of the model input


# ---- what is drawn ----------------------------------------------------------------------------------------------


def alpha(width, height):
    """From opaque to see-through, with a hole in which colours are hidden."""
    y, x = np.mgrid[:height, :width]
    values = 255 - 200 * x // width
    values[height // 4 : height // 2, width // 3 : width // 2] = 0
    return values.astype(np.uint8)


RGB = Image.fromarray(scene(61, 43))
GREY = RGB.convert("L")
RGBA = Image.fromarray(np.dstack([scene(61, 43), alpha(61, 43)]))
CMYK = Image.fromarray(np.dstack([255 - scene(61, 43), scene(61, 43)[::-1, :, 2] // 2]), "CMYK")


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


# ---- PNG: written by hand, since Pillow writes neither interlaced files nor all depths -----------------------------


def png(samples, depth, colour_type, interlaced=False, chunks=()):
    """A PNG of `samples` [h, w, c] (or [h, w]), each below 2 ** depth, with every filter in turn."""
    samples = samples.reshape(*samples.shape[:2], -1).astype(np.uint32)
    height, width, channels = samples.shape
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b"".join(
        filtered(packed(samples[y::dy, x::dx], depth), max(1, channels * depth // 8))
        for x, y, dx, dy in (passes if interlaced else [(0, 0, 1, 1)])
    )
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    compressed = zlib.compress(data, 9)
    half = len(compressed) // 2
    parts = [(b"IHDR", header), *chunks, (b"IDAT", compressed[:half]), (b"IDAT", compressed[half:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def packed(samples, depth):
    """Rows of bytes."""
    height, width, channels = samples.shape
    flat = samples.reshape(height, width * channels)
    if depth == 16:
        return flat.astype(">u2").view(np.uint8).reshape(height, -1)
    if depth == 8 or flat.size == 0:
        return flat.astype(np.uint8)
    bits = np.unpackbits(flat.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
    return np.packbits(bits.reshape(height, -1), axis=-1)


def filtered(rows, bytes_per_pixel):
    if rows.size == 0:
        return b""
    out, above = b"", np.zeros_like(rows[0])
    for y, row in enumerate(rows):
        left = np.concatenate([np.zeros(bytes_per_pixel, np.uint8), row])[: len(row)]
        corner = np.concatenate([np.zeros(bytes_per_pixel, np.uint8), above])[: len(row)]
        a, b, c = (part.astype(int) for part in (left, above, corner))
        distance = np.stack([abs(b - c), abs(a - c), abs(a + b - 2 * c)])
        paeth = np.choose(distance.argmin(0), [a, b, c])
        predicted = [0 * a, a, b, (a + b) // 2, paeth][y % 5]
        out += bytes([y % 5]) + ((row - predicted) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def png_files():
    rgb, grey = np.array(RGB), np.array(GREY)
    palette = RGB.quantize(200)
    colours = bytes(palette.getpalette()[: 3 * 200])
    few = RGB.quantize(4)
    few_colours = bytes(few.getpalette()[:12])
    wide = (rgb.astype(np.uint32) << 8) + np.arange(61)[None, :, None] * 4
    wide_alpha = np.dstack([wide, np.array(alpha(61, 43), np.uint32) << 8])
    files = {}
    for interlaced in (False, True):
        end = "-interlaced.png" if interlaced else ".png"
        for depth in (1, 2, 4, 8):
            files[f"grey-{depth}{end}"] = png(grey >> (8 - depth), depth, 0, interlaced)
        files[f"rgb-8{end}"] = png(rgb, 8, 2, interlaced)
        files[f"rgb-16{end}"] = png(wide, 16, 2, interlaced)
        files[f"palette-2{end}"] = png(np.array(few), 2, 3, interlaced, [(b"PLTE", few_colours)])
        files[f"palette-8{end}"] = png(np.array(palette), 8, 3, interlaced, [(b"PLTE", colours)])
        files[f"grey-alpha-8{end}"] = png(np.dstack([grey, alpha(61, 43)]), 8, 4, interlaced)
        files[f"rgba-8{end}"] = png(np.array(RGBA), 8, 6, interlaced)
    files["rgba-16.png"] = png(wide_alpha, 16, 6)
    files["palette-1.png"] = png(np.array(RGB.quantize(2)), 1, 3, chunks=[(b"PLTE", bytes([200, 30, 40, 20, 90, 250]))])
    files["palette-4.png"] = png(np.array(RGB.quantize(16)), 4, 3, chunks=[(b"PLTE", colours[:48])])
    files["palette-short.png"] = png(np.array(palette), 8, 3, chunks=[(b"PLTE", colours[:150])])
    files["palette-trns.png"] = png(np.array(palette), 8, 3, chunks=[(b"PLTE", colours), (b"tRNS", bytes(range(200)))])
    files["rgb-trns.png"] = png(rgb, 8, 2, chunks=[(b"tRNS", struct.pack(">HHH", *map(int, rgb[20, 20])))])
    files["grey-trns.png"] = png(grey, 8, 0, chunks=[(b"tRNS", struct.pack(">H", int(grey[20, 20])))])
    files["tiny-interlaced.png"] = png(rgb[:3, :2], 8, 2, True)
    files["exif-6.png"] = png(rgb, 8, 2, chunks=[(b"eXIf", exif(6)[6:])])
    files["animated.png"] = saved(RGB, "PNG", save_all=True, append_images=[GREY.convert("RGB")], duration=100)
    return files


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


# ---- JPEG and WebP ------------------------------------------------------------------------------------------------


def with_adobe_transform(jpeg, transform):
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + bytes([transform]) + jpeg[at + 1 :]


def without_adobe(jpeg):
    at = jpeg.index(b"Adobe") - 4
    return jpeg[:at] + jpeg[at + 16 :]


def jpeg_files():
    return {
        "444.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:4:4"),
        "422.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:2:2"),
        "420.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:2:0"),
        "progressive-444.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:4:4", progressive=True),
        "progressive-420.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:2:0", progressive=True),
        "restart-420.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:2:0", restart_marker_blocks=3),
        "grey.jpg": saved(GREY, "JPEG", quality=90),
        "grey-progressive.jpg": saved(GREY, "JPEG", quality=90, progressive=True),
        "rgb-coded.jpg": saved(RGB, "JPEG", quality=90, subsampling="4:4:4", keep_rgb=True),
        "exif-6.jpg": saved(RGB, "JPEG", quality=90, exif=exif(6)),
        "tiny-420.jpg": saved(RGB.crop((0, 0, 3, 5)), "JPEG", quality=90),
        "cmyk.jpg": saved(CMYK, "JPEG", quality=90),
        "cmyk-unmarked.jpg": without_adobe(saved(CMYK, "JPEG", quality=90)),
        "ycck.jpg": with_adobe_transform(saved(CMYK, "JPEG", quality=90), 2),
    }


def webp_files():
    frames = [on_canvas(RGBA.crop((10, 6, 41, 33))), RGBA]
    return {
        "lossy.webp": saved(RGB, "WEBP", quality=80),
        "lossless.webp": saved(RGB, "WEBP", lossless=True),
        "lossy-alpha.webp": saved(RGBA, "WEBP", quality=80),
        "lossless-alpha.webp": saved(RGBA, "WEBP", lossless=True, exact=True),
        "exif-6.webp": saved(RGB, "WEBP", quality=80, exif=exif(6)),
        "animated.webp": saved(RGB, "WEBP", quality=80, save_all=True, append_images=[GREY.convert("RGB")]),
        "animated-alpha.webp": saved(frames[0], "WEBP", quality=80, save_all=True, append_images=frames),
        "animated-lossless.webp": saved(frames[0], "WEBP", lossless=True, save_all=True, append_images=frames),
    }  # fmt: skip


def on_canvas(part):
    """A picture that fills only a part of an empty canvas: the encoder stores that part with its place."""
    canvas = Image.new("RGBA", (61, 43))
    canvas.paste(part, (10, 6))
    return canvas


# ---- what Pillow makes of them --------------------------------------------------------------------------------------


def model_input(image):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    target = (SIZE, int(SIZE * long / short)) if width <= height else (int(SIZE * long / short), SIZE)
    if image.size != target:
        image = image.resize(target, Image.Resampling.BICUBIC)
    left, top = round((target[0] - SIZE) / 2), round((target[1] - SIZE) / 2)
    return image.crop((left, top, left + SIZE, top + SIZE)).convert("RGB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    cases, stored = [], b""
    for file, content in {**png_files(), **jpeg_files(), **webp_files()}.items():
        (out / file).write_bytes(content)
        image = Image.open(out / file)
        case = {"file": file, "mode": image.mode, "size": image.size}
        rgb = image.convert("RGB").tobytes()
        prepared = model_input(image).tobytes()
        case["crc32"] = f"{zlib.crc32(rgb):08x}"
        case["input_crc32"] = f"{zlib.crc32(prepared):08x}"
        if file.endswith(".jpg"):
            case["bytes"] = [len(stored), len(stored) + len(rgb), len(stored) + len(rgb) + len(prepared)]
            stored += rgb + prepared
        cases.append(case)
    (out / "pictures.rgb.deflate").write_bytes(zlib.compress(stored, 9))
    source = {"pillow": PIL.__version__} | {name: features.version(name) for name in ("libjpeg_turbo", "webp")}
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    remark = "bytes: where RGB begins, where the model input begins, and its end, in pictures.rgb.deflate (zlib)"
    head = f'{{\n "format": 1,\n "source": {json.dumps(source)},\n "_bytes": {json.dumps(remark)},\n "cases": [\n'
    (out / "pictures.json").write_text(f"{head}{lines}\n ]\n}}\n")
    print(f"{out}: {len(cases)} files, {sum(f.stat().st_size for f in out.iterdir()) / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
