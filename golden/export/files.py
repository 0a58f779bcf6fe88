"""Writing the two kinds of files of a golden set."""

import json
import textwrap

import safetensors.torch


def write_tensors(path, tensors):
    """A safetensors file of {key: tensor}."""
    safetensors.torch.save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, path)
    path.chmod(0o644)  # the library leaves it readable to the owner only


def write_json(path, value):
    """JSON with one line for whatever fits on one."""
    path.write_text(_layout(value, "") + "\n")


def _layout(value, indent):
    line = json.dumps(value)
    if len(line) + len(indent) <= 120 or not isinstance(value, dict | list | tuple) or not value:
        return line
    inner = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_layout(item, inner)}" for key, item in value.items()]
        body = f",\n{inner}".join(items)
    elif any(isinstance(item, dict | list | tuple | str) for item in value):
        body = f",\n{inner}".join(_layout(item, inner) for item in value)
    else:
        body = f"\n{inner}".join(textwrap.wrap(line[1:-1], 118 - len(inner)))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}{body}\n{indent}{closing}"
