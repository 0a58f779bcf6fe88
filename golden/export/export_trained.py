"""Writes the golden set of a trained model into the model's own folder: real pictures and chat prompts.

    python export_trained.py --original CLONE --model ../../model/infimm-tiny --pictures PNG PNG

The folder holds config.json, model.safetensors and tokenizer.json; golden.safetensors and golden.json join them. The
two pictures give the cases `picture` (the first), `two_pictures` (a conversation about both) and `text_only`.
"""

import argparse
from pathlib import Path

import tokenizers
import torch
from PIL import Image

import observe
import tiny
from export_preprocess import normalised, prepare
from export_set import load_weights, read_config, write_set
from original import build

NEW_TOKENS = 48

_LAYERS, _CROSS = "model.lang_encoder.model.layers.?", "*gated_cross_attn_layer"
KEEPS = {
    "picture": tiny.Keep(limit=30_000, always=["model.perceiver.layers.5.0:attn"]),
    "two_pictures": tiny.Keep(limit=0, always=["model.perceiver", _LAYERS, f"{_CROSS}.attn:attn"]),
    "text_only": tiny.Keep(limit=0, always=[_LAYERS, _CROSS, "model.lang_encoder.model.norm"]),
}


def chat(turns, pictures):
    """The prompt text of a conversation, as the family writes it (an empty system message first, no BOS).

    turns     [(question, answer)]; the last answer may be None: then the text ends where the answer begins
    pictures  how many pictures stand before the question, for each turn
    """
    text = "<|system|>\n</s>\n"
    for (question, answer), number in zip(turns, pictures):
        text += f"<|user|>\n{'<|endofchunk|><image>' * number}{question}</s>\n<|assistant|>\n"
        if answer is not None:
            text += f"{answer}</s>\n"
    return text


def pixels(files, size):
    """(1, T_img, 1, 3, S, S), by the steps of the original processor."""
    pictures = [torch.from_numpy(normalised(prepare(Image.open(file), size)[2])) for file in files]
    return torch.stack(pictures)[None, :, None]


def cases(model, config, folder, files, question):
    """({case: inputs}, {case: {prompt, pictures, answer}}); the conversation goes on from the model's first answer."""
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    size = config["visual"]["image_size"]
    inputs, notes = {}, {}

    def add(case, turns, counts, shown):
        prompt = chat(turns, counts)
        ids = torch.tensor([tokenizer.encode(prompt).ids])
        inputs[case] = {
            "pixel_values": pixels(shown, size) if shown else tiny.black(size),
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
        }
        new = observe.generate(model, inputs[case], False, max_new_tokens=NEW_TOKENS)
        answer = tokenizer.decode(new[0].tolist())
        notes[case] = {"prompt": prompt, "pictures": [file.name for file in shown], "answer": answer}
        return answer

    answer = add("picture", [(question, None)], [1], files[:1])
    add("two_pictures", [(question, answer), (question, None)], [1, 1], files)
    add("text_only", [("Who are you?", None)], [0], [])
    return inputs, notes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="clone of InfiMM/infimm-zephyr")
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--pictures", required=True, nargs=2, type=Path, help="two PNG files")
    parser.add_argument("--question", default="Please describe the image.", help="what is asked about each picture")
    args = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(args.model)
    config = read_config(folder)
    model = build(args.original, config)
    load_weights(model, folder / "model.safetensors")
    inputs, notes = cases(model, config, folder, args.pictures, args.question)
    write_set(model, folder.name, inputs, KEEPS, args.original, folder, NEW_TOKENS, {"_prompts": notes})
    for case, note in notes.items():
        print(case, repr(note["answer"]))


if __name__ == "__main__":
    main()
