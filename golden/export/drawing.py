"""Pictures that are drawn, for the sets of pictures."""

import numpy as np


def scene(width, height):
    """Smooth colours with sharp colour edges, which is where decoders differ: RGB bytes (height, width, 3)."""
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    disc = (x - 0.35) ** 2 + (y - 0.5) ** 2 < 0.06
    red = np.where(disc, 230 - 90 * y, 40 + 120 * x)
    green = np.where(disc, 60 + 40 * x, 150 - 60 * y)
    blue = np.where(x + y > 1.5, 210, 90 + 70 * np.sin(9 * x) * np.cos(7 * y))
    return np.stack([red, green, blue], -1).round().astype(np.uint8)
