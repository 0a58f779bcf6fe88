"""Scenes of emoji with questions and answers: all the data that infimm-tiny ever sees.

A scene is a coloured background with one to four Noto emoji (of 30 kinds) that do not overlap. Everything that is asked
about it is computed from the list of things in it, so every answer is right by construction.

    python scenes.py --emoji FOLDER --out FOLDER --count 8 --seed 1     # writes PNGs and prints the questions

FOLDER of --emoji is the unpacked npm package `emoji-datasource-google@16.0.0` (64 x 64 PNGs, Apache-2.0).
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

# What the model knows: {name: (plural, picture in emoji-datasource-google/img/google/64)}.
KINDS = {
    "apple": ("apples", "1f34e"),
    "ball": ("balls", "26bd"),
    "banana": ("bananas", "1f34c"),
    "bicycle": ("bicycles", "1f6b2"),
    "boat": ("boats", "26f5"),
    "bus": ("buses", "1f68c"),
    "butterfly": ("butterflies", "1f98b"),
    "cactus": ("cactuses", "1f335"),
    "car": ("cars", "1f697"),
    "carrot": ("carrots", "1f955"),
    "cat": ("cats", "1f431"),
    "dog": ("dogs", "1f436"),
    "fish": ("fish", "1f41f"),
    "frog": ("frogs", "1f438"),
    "guitar": ("guitars", "1f3b8"),
    "heart": ("hearts", "2764-fe0f"),
    "house": ("houses", "1f3e0"),
    "key": ("keys", "1f511"),
    "ladybug": ("ladybugs", "1f41e"),
    "mushroom": ("mushrooms", "1f344"),
    "octopus": ("octopuses", "1f419"),
    "panda": ("pandas", "1f43c"),
    "penguin": ("penguins", "1f427"),
    "pig": ("pigs", "1f437"),
    "pizza": ("pizzas", "1f355"),
    "rocket": ("rockets", "1f680"),
    "star": ("stars", "2b50"),
    "strawberry": ("strawberries", "1f353"),
    "sunflower": ("sunflowers", "1f33b"),
    "tree": ("trees", "1f333"),
}
NAMES = list(KINDS)
COLOURS = {
    "white": (242, 242, 240),
    "grey": (150, 152, 155),
    "pink": (248, 182, 204),
    "yellow": (250, 232, 130),
    "green": (150, 212, 150),
    "blue": (140, 190, 240),
    "purple": (182, 150, 222),
    "brown": (165, 125, 92),
}
NUMBERS = ["None", "One", "Two", "Three", "Four"]
# The longest side of a thing, as a part of the picture's side, by the number of things.
SIZES = {1: (0.30, 0.78), 2: (0.28, 0.52), 3: (0.26, 0.44), 4: (0.25, 0.40)}
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "middle", "right")


@dataclass
class Thing:
    kind: str
    x: float  # centre, 0 = left edge, 1 = right edge
    y: float  # centre, 0 = top edge, 1 = bottom edge
    size: float
    angle: float  # degrees, counter-clockwise


@dataclass
class Scene:
    background: str
    things: list

    def count(self, kind):
        return sum(thing.kind == kind for thing in self.things)

    @property
    def kinds(self):
        return sorted({thing.kind for thing in self.things})


# ---- composing --------------------------------------------------------------------------------------------------


def random_scene(rng, unusual=False):
    """A scene by `rng` (numpy Generator). `unusual` ones leave the training distribution: more tilt, wider range of sizes."""
    number = int(rng.choice([1, 2, 3, 4], p=[0.28, 0.30, 0.22, 0.20]))
    groups = int(rng.integers(1, min(number, 3) + 1))
    chosen = [NAMES[i] for i in rng.choice(len(NAMES), groups, replace=False)]
    kinds = chosen + [chosen[i] for i in rng.integers(0, groups, number - groups)]
    low, high = SIZES[number]
    tilt = 12.0
    if unusual:
        low, high, tilt = low * 0.85, high * 1.1, 30.0
    while True:
        things = []
        for kind in kinds:
            thing = _place(rng, kind, things, low, high, tilt)
            if thing is None:
                break
            things.append(thing)
        if len(things) == number:
            return Scene(str(rng.choice(list(COLOURS))), things)
        high = max(low, high * 0.95)


def _place(rng, kind, others, low, high, tilt):
    """A thing that overlaps none of the others, or None after 30 tries."""
    for _ in range(30):
        size = rng.uniform(low, high)
        x, y = rng.uniform(size / 2, 1 - size / 2, 2)
        clear = all(max(abs(x - o.x), abs(y - o.y)) > 0.48 * (size + o.size) for o in others)
        if clear:
            return Thing(kind, float(x), float(y), float(size), float(rng.uniform(-tilt, tilt)))
    return None


def load_emoji(folder):
    """{kind: RGBA picture} from the unpacked npm package."""
    pictures = Path(folder) / "img" / "google" / "64"
    return {kind: Image.open(pictures / f"{file}.png").convert("RGBA") for kind, (_, file) in KINDS.items()}


def render(scene, emoji, rng, side=128, unusual=False):
    """The scene as an RGB picture (side, side): a colour with a slight gradient of light and noise, and the things on it."""
    spread, slope = (14, 60) if unusual else (8, 26)
    colour = (COLOURS[scene.background] + rng.uniform(-spread, spread, 3)).astype(np.float32)
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    angle, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0, slope)
    light = slope * math.cos(angle) * ramp[None, :] + slope * math.sin(angle) * ramp[:, None]
    light += 8 * (rng.random((side, side), dtype=np.float32) - 0.5)
    pixels = np.clip(colour + light[:, :, None], 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    for thing in scene.things:
        stamp, corner = _stamp(thing, emoji[thing.kind], side)
        picture.paste(stamp, corner, stamp)
    return picture


def _stamp(thing, picture, side):
    """The emoji at its size and angle, and the pixel of its top left corner."""
    pixels = max(8, round(thing.size * side))
    stamp = picture.rotate(thing.angle, Image.BICUBIC).resize((pixels, pixels), Image.BICUBIC)
    return stamp, (round(thing.x * side - pixels / 2), round(thing.y * side - pixels / 2))


def patch_targets(scene, emoji, grid, side=128):
    """What covers each patch: (grid, grid) numbers of kinds (0 = background, 1... = NAMES), and (grid, grid, 2) centres."""
    kinds = np.zeros((grid, grid), dtype=np.int64)
    centres = np.zeros((grid, grid, 2), dtype=np.float32)
    best = np.full((grid, grid), 50)  # a thing must cover a fifth of a patch to own it
    for thing in scene.things:
        stamp, corner = _stamp(thing, emoji[thing.kind], side)
        mask = Image.new("L", (side, side))
        mask.paste(stamp.getchannel("A"), corner)
        cover = np.asarray(mask.resize((grid, grid), Image.BOX)).astype(int)
        owned = cover > best
        best = np.where(owned, cover, best)
        kinds[owned] = NAMES.index(thing.kind) + 1
        centres[owned] = (thing.x, thing.y)
    return kinds, centres


# ---- preprocessing: the family's own ----------------------------------------------------------------------------

CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)


def crop(picture, size):
    """Shorter side to `size` (bicubic), centre crop, RGB: (size, size, 3) uint8. The order is the family's."""
    width, height = picture.size
    scaled = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    if scaled != picture.size:
        picture = picture.resize(scaled, Image.BICUBIC)
    left, top = round((scaled[0] - size) / 2), round((scaled[1] - size) / 2)
    return np.asarray(picture.crop((left, top, left + size, top + size)).convert("RGB"))


def normalise(pixels):
    """(..., size, size, 3) uint8 to (..., 3, size, size) float32, CLIP statistics."""
    scaled = (pixels.astype(np.float32) / 255 - CLIP_MEAN) / CLIP_STD
    return np.ascontiguousarray(np.moveaxis(scaled, -1, -3))


# ---- words ------------------------------------------------------------------------------------------------------


def with_article(kind):
    return ("an " if kind[0] in "aeiou" else "a ") + kind


def counted(kind, count):
    return with_article(kind) if count == 1 else f"{NUMBERS[count].lower()} {KINDS[kind][0]}"


def sentence(text):
    return text[0].upper() + text[1:] + "."


def enumerate_things(scene):
    """'a dog and two cats', kinds in alphabetical order."""
    parts = [counted(kind, scene.count(kind)) for kind in scene.kinds]
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def place_of(thing):
    """'at the top left', or None where the thing stands too near the border of a ninth of the picture."""
    margin, third = 0.03, 1 / 3
    if any(abs(value - border) < margin for value in (thing.x, thing.y) for border in (third, 2 * third)):
        return None
    row, column = ROWS[int(thing.y // third)], COLUMNS[int(thing.x // third)]
    if row == "middle":
        return "in the middle" if column == "middle" else f"on the {column}"
    return f"at the {row}" if column == "middle" else f"at the {row} {column}"


# ---- questions: each returns (question, answer), or None where it makes no sense for the scene ----------------


def ask_caption(scene, rng):
    question = _one_of(rng, ["Please describe the image.", "Describe the picture.", "What do you see?"])
    return question, sentence(f"{enumerate_things(scene)} on a {scene.background} background")


def ask_what(scene, rng):
    questions = ["What is in the picture?", "What is in the image?"]
    if len(scene.things) == 1:
        questions += ["What is this?"] * 2
    return _one_of(rng, questions), sentence(enumerate_things(scene))


def ask_count(scene, rng):
    if rng.random() < 0.15:
        return "How many things are there?", NUMBERS[len(scene.things)] + "."
    kind = _absent(scene, rng) if rng.random() < 0.2 else _one_of(rng, [thing.kind for thing in scene.things])
    question = _one_of(rng, ["How many {} are there?"] * 2 + ["How many {} do you see?"]).format(KINDS[kind][0])
    return question, NUMBERS[scene.count(kind)] + "."


def ask_yes_no(scene, rng):
    present = rng.random() < 0.5
    kind = _one_of(rng, scene.kinds) if present else _absent(scene, rng)
    question = _one_of(rng, ["Is there {}?"] * 2 + ["Is there {} in the picture?", "Do you see {}?"])
    return question.format(with_article(kind)), "Yes." if present else "No."


def ask_colour(scene, rng):
    word = _one_of(rng, ["colour", "color"])
    return f"What {word} is the background?", sentence(scene.background)


def ask_side(scene, rng):
    """Which thing is farthest to one side, if it is so by a clear margin."""
    if len(scene.things) < 2:
        return None
    side = _one_of(rng, ["on the left", "on the right", "at the top", "at the bottom"])
    sign, axis = {"left": (1, "x"), "right": (-1, "x"), "top": (1, "y"), "bottom": (-1, "y")}[side.split()[-1]]
    first, second = sorted(scene.things, key=lambda thing: sign * getattr(thing, axis))[:2]
    if abs(getattr(first, axis) - getattr(second, axis)) < 0.18:
        return None
    return f"What is {side}?", sentence(with_article(first.kind))


def ask_where(scene, rng):
    if rng.random() < 0.1:
        kind = _absent(scene, rng)
        return f"Where is the {kind}?", f"There is no {kind}."
    single = [thing for thing in scene.things if scene.count(thing.kind) == 1]
    if not single:
        return None
    thing = _one_of(rng, single)
    place = place_of(thing)
    return None if place is None else (f"Where is the {thing.kind}?", sentence(place))


TASKS = {
    "caption": (ask_caption, 1.8),
    "what": (ask_what, 1.0),
    "count": (ask_count, 2.5),
    "yes-no": (ask_yes_no, 2.2),
    "colour": (ask_colour, 0.7),
    "side": (ask_side, 1.6),
    "where": (ask_where, 1.6),
}

# What can be said without a picture.
SMALL_TALK = {
    "Who are you?": "I am infimm-tiny, a very small model.",
    "What are you?": "I am infimm-tiny, a very small model.",
    "Hello!": "Hello! Show me a picture.",
    "Hi!": "Hello! Show me a picture.",
    "What can you do?": "I can name, count and find things in simple pictures.",
    "Thank you!": "You are welcome.",
}
NO_PICTURE = "There is no picture."


def questions(scene, rng, number):
    """`number` triples (task, question, answer) about the scene, tasks drawn by weight, no question twice."""
    names, weights = list(TASKS), np.array([weight for _, weight in TASKS.values()])
    found = {}
    while len(found) < number:
        task = names[rng.choice(len(names), p=weights / weights.sum())]
        pair = TASKS[task][0](scene, rng)
        if pair is not None:
            found.setdefault(pair[0], (task, *pair))
    return list(found.values())


def small_talk(rng):
    """(question, answer) for a prompt without a picture: talk, or a question that needs one."""
    if rng.random() < 0.5:
        question = _one_of(rng, list(SMALL_TALK))
        return question, SMALL_TALK[question]
    return questions(random_scene(rng), rng, 1)[0][1], NO_PICTURE


def _one_of(rng, options):
    return options[int(rng.integers(len(options)))]


def _absent(scene, rng):
    return _one_of(rng, [kind for kind in NAMES if scene.count(kind) == 0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--emoji", required=True, help="unpacked npm package emoji-datasource-google@16.0.0")
    parser.add_argument("--out", required=True, help="folder for the pictures")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    emoji, rng, out = load_emoji(options.emoji), np.random.default_rng(options.seed), Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for index in range(options.count):
        scene = random_scene(rng)
        render(scene, emoji, rng).save(out / f"{index}.png", optimize=True)
        print(f"{index}.png")
        for task, question, answer in questions(scene, rng, 6):
            print(f"    {task:8} {question}  {answer}")


if __name__ == "__main__":
    main()
