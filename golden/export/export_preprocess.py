"""Writes golden/fixtures/preprocess: small pictures of every PNG kind and the model input that Pillow makes of them.

    python export_preprocess.py --out ../fixtures/preprocess

The steps are those of the original processors: resize the shorter side (bicubic), crop the centre, convert to RGB,
scale, normalise; InfiMM-HD first converts to RGB and pads to a square. torchvision, which the originals use, calls the
same two Pillow methods, so it is not needed here. The orientation in EXIF is ignored, as by the originals.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image, features

from drawing import scene
from files import write_json, write_tensors

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)
PADDING = (122, 116, 104)  # 255 times the mean, truncated


def prepare(image, size, pad_to_square=False):
    """(size of the resized picture, left and top of the crop, cropped RGB bytes (S, S, 3))."""
    if pad_to_square:
        image = padded(image.convert("RGB"))
    width, height = image.size
    short, long = min(width, height), max(width, height)
    target = (size, int(size * long / short)) if width <= height else (int(size * long / short), size)
    if image.size != target:
        image = image.resize(target, Image.Resampling.BICUBIC)
    left, top = round((target[0] - size) / 2), round((target[1] - size) / 2)
    cropped = image.crop((left, top, left + size, top + size)).convert("RGB")
    return target, (left, top), np.array(cropped)


def padded(image):
    """InfiMM-HD: the picture in the middle of a square, on the mean colour."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), PADDING)
    square.paste(image, ((side - image.size[0]) // 2, (side - image.size[1]) // 2))
    return square


def normalised(rgb):
    """(3, S, S) float32, in the originals' float32 steps."""
    scaled = rgb.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return (scaled - MEAN[:, None, None]) / STD[:, None, None]


# ---- pictures ---------------------------------------------------------------------------------------------------


def pattern(width, height, channels):
    """The synthetic picture of the specification: (7x + 13y + 29c + 5 ((x y) mod 17)) mod 256."""
    y, x, c = np.meshgrid(range(height), range(width), range(channels), indexing="ij")
    return ((7 * x + 13 * y + 29 * c + 5 * ((x * y) % 17)) % 256).astype(np.uint8)


def pictures():
    """{file name: (picture, options of save)}; the bytes Pillow reads back are what counts."""
    rgb = Image.fromarray(pattern(61, 43, 3))
    hidden = pattern(28, 28, 4)
    hidden[:9, :, 3] = 0  # colours under full transparency survive where no resize happens
    see_through = pattern(61, 43, 4)
    see_through[10:20, 5:40, 3] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "rgb-61x43.png": (rgb, {}),
        "rgb-43x61.png": (Image.fromarray(pattern(43, 61, 3)), {}),
        "rgb-20x15.png": (Image.fromarray(pattern(20, 15, 3)), {}),
        "rgb-101x97.png": (Image.fromarray(pattern(101, 97, 3)), {}),
        "rgb-28x28.png": (Image.fromarray(pattern(28, 28, 3)), {}),
        "rgb-90x11.png": (Image.fromarray(pattern(90, 11, 3)), {}),
        "rgb-1x3.png": (Image.fromarray(pattern(1, 3, 3)), {}),
        "scene-200x150.png": (Image.fromarray(scene(200, 150)), {}),
        "rgb-exif-61x43.png": (rgb, {"exif": exif}),
        "rgb-colour-key-61x43.png": (rgb, {"transparency": (0, 29, 58)}),
        "l-61x43.png": (Image.fromarray(pattern(61, 43, 1)[:, :, 0]), {}),
        "la-61x43.png": (Image.fromarray(pattern(61, 43, 2)), {}),
        "rgba-61x43.png": (Image.fromarray(pattern(61, 43, 4)), {}),
        "rgba-holes-61x43.png": (Image.fromarray(see_through), {}),
        "rgba-28x28.png": (Image.fromarray(hidden), {}),
        "p-61x43.png": (rgb.quantize(37), {}),
        "p-16-colours-61x43.png": (Image.fromarray(scene(61, 43)).quantize(16), {"bits": 4}),
        "p-transparent-61x43.png": (rgb.quantize(20), {"transparency": 3}),
        "1-61x43.png": (Image.fromarray(pattern(61, 43, 1)[:, :, 0]).convert("1"), {}),
    }


JPEGS = {"scene-444.jpg": {"subsampling": 0}, "scene-420.jpg": {"subsampling": 2}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    tensors, cases, jpegs = {}, [], []

    for file, (picture, options) in pictures().items():
        picture.save(out / file, optimize=True, **options)
        image = Image.open(out / file)
        variants = [(28, False), (28, True)] + ([(56, False), (56, True)] if "61x43" in file or "scene" in file else [])
        for size, pad in variants:
            target, corner, rgb = prepare(image, size, pad)
            name = f"{file.removesuffix('.png')}/{size}{'-padded' if pad else ''}"
            tensors[f"{name}/rgb"] = torch.from_numpy(rgb)
            if size == 28:
                tensors[f"{name}/pixel_values"] = torch.from_numpy(normalised(rgb))
            cases.append({
                "name": name, "file": file, "mode": image.mode, "size": image.size, "image_size": size,
                "pad_to_square": pad, "resized": target, "crop": corner, "crc32": f"{zlib.crc32(rgb.tobytes()):08x}",
            })  # fmt: skip

    for file, options in JPEGS.items():
        Image.fromarray(scene(64, 48)).save(out / file, quality=90, **options)
        tensors[f"{file}/decoded"] = torch.from_numpy(np.array(Image.open(out / file)))
        jpegs.append({"name": f"{file}/decoded", "file": file, "size": (64, 48)})

    write_tensors(out / "preprocess.safetensors", tensors)
    index = {
        "format": 1,
        "source": {"pillow": PIL.__version__, "libjpeg_turbo": features.version("libjpeg_turbo")},
        "_tensors": "<name>/rgb: (S, S, 3) bytes after crop and RGB; <name>/pixel_values: (3, S, S) normalised",
        "_jpeg": "Pillow's bytes; a decoder with nearest-neighbour chroma upsampling differs, so this is for measuring",
        "cases": cases,
        "jpeg": jpegs,
    }
    write_json(out / "preprocess.json", index)
    print(f"{out}: {len(cases)} cases, {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
