"""Draws the demo pictures of infimm-tiny and records what the PyTorch original answers about them.

    python tiny_pictures.py --original CLONE --emoji FOLDER --model FOLDER

Writes into FOLDER/pictures: the PNGs; `questions.json`, a list of {pictures, question, answer, ids} that the model
answers rightly (ids: the new tokens, </s> included); `conversations.json`, a list of {turns: [{pictures, question, answer,
ids}]}, every turn right; and `misses.json`, a list of {pictures, question, expected, answer, ids} that it gets wrong. The
answers come from the bfloat16 weights run in float32, decoded greedily by the original `generate`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import evaluate_tiny
import scenes
import tiny_tokenizer
from scenes import Scene, Thing

SIDE = 160  # pixels of a demo picture

PICTURES = {
    "dog": Scene("green", [Thing("dog", 0.52, 0.50, 0.60, 4)]),
    "pets": Scene("blue", [Thing("cat", 0.24, 0.28, 0.36, -6), Thing("cat", 0.74, 0.30, 0.38, 5), Thing("dog", 0.50, 0.76, 0.38, 0)]),
    "street": Scene("grey", [Thing("bus", 0.27, 0.50, 0.44, 2), Thing("car", 0.75, 0.54, 0.40, -3)]),
    "fruit": Scene("white", [Thing("apple", 0.25, 0.72, 0.36, 0), Thing("banana", 0.52, 0.25, 0.38, 8), Thing("strawberry", 0.78, 0.70, 0.34, -5)]),
    "sea": Scene("blue", [Thing("boat", 0.48, 0.26, 0.44, 0), Thing("fish", 0.52, 0.76, 0.42, 3)]),
    "stars": Scene("purple", [Thing("star", x, y, 0.32, a) for x, y, a in ((0.25, 0.26, 5), (0.74, 0.30, -8), (0.28, 0.74, 10), (0.72, 0.75, 0))]),
    "garden": Scene("yellow", [Thing("sunflower", 0.26, 0.52, 0.42, -3), Thing("ladybug", 0.72, 0.74, 0.34, 10), Thing("butterfly", 0.70, 0.25, 0.36, -4)]),
    "space": Scene("pink", [Thing("rocket", 0.50, 0.50, 0.62, 0)]),
}

QUESTIONS = {
    "dog": ["Please describe the image.", "What is this?", "Is there a cat?", "Is there a dog?", "What colour is the background?"],
    "pets": ["Please describe the image.", "How many cats are there?", "How many dogs are there?", "What is at the bottom?", "Where is the dog?", "Is there a fish?"],
    "street": ["Please describe the image.", "What is on the left?", "What is on the right?", "Where is the car?", "Is there a bicycle?"],
    "fruit": ["What is in the picture?", "What is at the top?", "How many things are there?", "Is there a banana?", "Where is the apple?"],
    "sea": ["Please describe the image.", "What is at the top?", "What is at the bottom?", "Where is the fish?", "Where is the octopus?"],
    "stars": ["Please describe the image.", "How many stars are there?", "How many hearts are there?", "What color is the background?"],
    "garden": ["What do you see?", "Where is the sunflower?", "Is there a ladybug?", "What is on the left?", "How many butterflies are there?"],
    "space": ["Describe the picture.", "What is this?", "Where is the rocket?", "How many rockets do you see?"],
}

# Turns of (picture or None, question).
CONVERSATIONS = [
    [("pets", "How many cats are there?"), (None, "Where is the dog?"), (None, "Is there a banana?")],
    [("street", "What is on the left?"), ("sea", "What is at the top?"), (None, "What colour is the background?")],
    [(None, "Who are you?"), (None, "How many dogs are there?")],
]

# Every question above has its answer in the scene; these say which.
TRUTH = {
    "Please describe the image.": lambda scene: _caption(scene),
    "Describe the picture.": lambda scene: _caption(scene),
    "What do you see?": lambda scene: _caption(scene),
    "What is this?": lambda scene: scenes.sentence(scenes.enumerate_things(scene)),
    "What is in the picture?": lambda scene: scenes.sentence(scenes.enumerate_things(scene)),
    "What colour is the background?": lambda scene: scenes.sentence(scene.background),
    "What color is the background?": lambda scene: scenes.sentence(scene.background),
    "How many things are there?": lambda scene: scenes.NUMBERS[len(scene.things)] + ".",
    "What is on the left?": lambda scene: _extreme(scene, "x", min),
    "What is on the right?": lambda scene: _extreme(scene, "x", max),
    "What is at the top?": lambda scene: _extreme(scene, "y", min),
    "What is at the bottom?": lambda scene: _extreme(scene, "y", max),
}


def truth(scene, question):
    """The right answer; `scene` is None where no picture came before."""
    if question in scenes.SMALL_TALK:
        return scenes.SMALL_TALK[question]
    if scene is None:
        return scenes.NO_PICTURE
    if question in TRUTH:
        return TRUTH[question](scene)
    kind = next(k for k in scenes.NAMES if {k, scenes.KINDS[k][0]} & set(question.rstrip("?").split()))
    if question.startswith("How many"):
        return scenes.NUMBERS[scene.count(kind)] + "."
    if question.startswith("Is there"):
        return "Yes." if scene.count(kind) else "No."
    if not scene.count(kind):
        return f"There is no {kind}."
    return scenes.sentence(scenes.place_of(next(thing for thing in scene.things if thing.kind == kind)))


def _caption(scene):
    return scenes.sentence(f"{scenes.enumerate_things(scene)} on a {scene.background} background")


def _extreme(scene, axis, choose):
    return scenes.sentence(scenes.with_article(choose(scene.things, key=lambda thing: getattr(thing, axis)).kind))


class Asker:
    """The original model with its tokenizer; a conversation in, the answer to its last question out."""

    def __init__(self, options):
        self.model = evaluate_tiny.load_model(options.original, options.model)
        self.tokenizer = tiny_tokenizer.load(options.model)
        self.side = self.model.vision_config["image_size"]

    def __call__(self, turns, pictures, files):
        """turns [(question, answer)], the last answer None; pictures: how many before each; files: all of them, in order."""
        ids = torch.tensor([self.tokenizer.encode(tiny_tokenizer.chat(turns, pictures)).ids])
        images = [scenes.crop(Image.open(file), self.side) for file in files]
        pixels = scenes.normalise(np.stack(images or [np.zeros((self.side, self.side, 3), np.uint8)]))
        new = self.model.generate(ids, torch.ones_like(ids), torch.from_numpy(pixels)[None, :, None], 0, 48)[0].tolist()
        return self.tokenizer.decode(new), new


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--emoji", required=True, help="unpacked npm package emoji-datasource-google@16.0.0")
    parser.add_argument("--model", required=True, help="folder of the model")
    options = parser.parse_args()

    torch.set_num_threads(1)
    folder, emoji, rng = Path(options.model) / "pictures", scenes.load_emoji(options.emoji), np.random.default_rng(30_000_001)
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in PICTURES.items():
        scenes.render(scene, emoji, rng, SIDE).save(folder / f"{name}.png", optimize=True)

    ask, right, wrong = Asker(options), [], []
    for name, asked in QUESTIONS.items():
        for question in asked:
            answer, ids = ask([(question, None)], [1], [folder / f"{name}.png"])
            expected = truth(PICTURES[name], question)
            entry = {"pictures": [f"{name}.png"], "question": question}
            if answer == expected:
                right.append(entry | {"answer": answer, "ids": ids})
            else:
                wrong.append(entry | {"expected": expected, "answer": answer, "ids": ids})
    conversations = []
    for conversation in CONVERSATIONS:
        turns, done, files, scene, fine = [], [], [], None, True
        for name, question in conversation:
            scene = PICTURES[name] if name else scene
            files += [folder / f"{name}.png"] if name else []
            pictures = [len(turn["pictures"]) for turn in done] + [int(name is not None)]
            answer, ids = ask([*turns, (question, None)], pictures, files)
            turns.append((question, answer))
            done.append({"pictures": [f"{name}.png"] if name else [], "question": question, "answer": answer, "ids": ids})
            fine = fine and answer == truth(scene, question)
        print("conversation", "right" if fine else "WRONG", [turn["answer"] for turn in done])
        conversations += [{"turns": done}] if fine else []
    for name, data in {"questions": right, "misses": wrong, "conversations": conversations}.items():
        (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")
    print(f"{len(right)} right, {len(wrong)} wrong")
    for entry in wrong:
        print(f"    {entry['pictures'][0]}: {entry['question']} expected {entry['expected']!r}, got {entry['answer']!r}")


if __name__ == "__main__":
    main()
