"""Writes golden/fixtures/chat-templates/cases.json: what transformers renders of chat templates.

    python export_chat_templates.py --out ../fixtures/chat-templates

Needs transformers and jinja2 only. `families` are whole templates with conversations, `snippets` small ones. A case
holds the text, or `error: true` where transformers refuses.
"""

import argparse
import json
import re
from pathlib import Path

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

from chat_templates import FAMILIES, LINES, SNIPPETS

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>"}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "What the weather is like. \"Now\", or é später <b>",
        "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Zürich", "Bern"]}}, "required": ["city"]},
    },
}
CALL = {"role": "assistant", "tool_calls": [{"id": "abcdef123", "type": "function", "function": {"name": "weather", "arguments": {"city": "Bern", "days": 2}}}]}
USER, ANSWER = {"role": "user", "content": " Hi \n"}, {"role": "assistant", "content": "Hello\n"}
SYSTEM = {"role": "system", "content": "Be brief."}
LISTS = [
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is this? "}, {"type": "image"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "Two cats."}]},
]
CONVERSATIONS = {
    "one": {"messages": [USER]},
    "prompt": {"messages": [USER], "add_generation_prompt": True},
    "rounds": {"messages": [SYSTEM, USER, ANSWER, {"role": "user", "content": "And?<think>a</think>"}], "add_generation_prompt": True},
    "tools": {"messages": [SYSTEM, USER, CALL, {"role": "tool", "tool_call_id": "abcdef123", "name": "weather", "content": "{\"t\": 7}"}], "tools": [TOOL]},
    "tools_apart": {"messages": [USER, CALL], "tools": [TOOL, TOOL], "tools_in_user_message": False, "builtin_tools": ["code_interpreter", "search"], "date_string": "1 Jan 2026"},
    "thinking": {"messages": [USER, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes"}], "enable_thinking": False},
    "reasoned": {"messages": [USER, {"role": "assistant", "content": "Yes", "reasoning_content": "\nhm\n"}, USER], "add_generation_prompt": True, "enable_thinking": False},
    "documents": {"messages": [USER], "documents": [{"title": "A", "text": "one\ntwo"}, {"title": "B", "text": "three"}], "add_generation_prompt": True},
    "pictures": {"messages": LISTS, "add_generation_prompt": True},
    "continued": {"messages": [USER, {"role": "assistant", "content": "Once upon"}], "continue_final_message": True},
    "continued_space": {"messages": [USER, {"role": "assistant", "content": "Once upon "}], "continue_final_message": True},
    "wrong_order": {"messages": [ANSWER, USER]},
}  # fmt: skip

VARIABLES = {
    "s": "hello wOrld", "n": 5, "f": 2.5, "l": [1, 2, 3], "d": {"a": 1, "b": {"c": "x"}}, "b": True,
    "m": [{"role": "user", "content": "u1", "n": 1}, {"role": "assistant", "content": "a1", "n": 0}, {"role": "user", "content": "u2", "n": 2}],
    "t": [{"name": "a", "kids": [{"name": "b", "kids": []}, {"name": "c"}]}, {"name": "d"}],
}  # fmt: skip


def attempt(run):
    """The text, or that it was refused."""
    try:
        return {"text": run()}
    except Exception as error:  # every kind of refusal counts alike
        return {"error": True, "_why": f"{type(error).__name__}: {error}"[:160]}


def family_cases(template):
    cases = {}
    for name, given in CONVERSATIONS.items():
        given = json.loads(json.dumps(given))
        messages = given.pop("messages")
        render = lambda: render_jinja_template([messages], chat_template=template, **TOKENS, **given)[0][0]
        cases[name] = attempt(render)
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    snippets = [{"template": text, **attempt(lambda: _compile_jinja_template(text).render(**json.loads(json.dumps(VARIABLES))))} for text in pieces()]
    families = [{"name": name, "template": template, "cases": family_cases(template)} for name, template in FAMILIES.items()]
    (out / "cases.json").write_text(json.dumps({
        "format": 1,
        "source": {"transformers": transformers.__version__, "jinja2": jinja2.__version__},
        "tokens": TOKENS, "conversations": CONVERSATIONS, "families": families, "variables": VARIABLES, "snippets": snippets,
    }, indent=1, ensure_ascii=True) + "\n")  # fmt: skip
    errors = [s for s in snippets if "error" in s]
    print(f"{len(families)} families, {len(CONVERSATIONS)} conversations, {len(snippets)} snippets, {len(errors)} refused")
    for s in errors:
        print("  ", json.dumps(s["template"])[:70], s["_why"])


def pieces():
    """The snippets; what stands between | in a line without statements is one of its own, so that no refusal hides another."""
    for line in SNIPPETS.strip("\n").split("\n"):
        yield from [line] if "{%" in line else re.split(r"(?<=\}\})\|", line)
    yield from LINES


if __name__ == "__main__":
    main()
