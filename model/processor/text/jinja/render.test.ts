import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { renderChat, type TextMessage } from "../chatTemplate.ts";
import { Template } from "./render.ts";
import { strftime } from "./strftime.ts";
import { TemplateError } from "./templateError.ts";
import { loadTextEngine } from "../textEngine.ts";

await loadTextEngine();

/** What transformers renders: golden/export/export_chat_templates.py. */
interface Expected {
  text?: string;
  _why?: string;
}
interface Conversation extends Record<string, unknown> {
  messages: TextMessage[];
  add_generation_prompt?: boolean;
  continue_final_message?: boolean;
  tools?: object[];
  documents?: object[];
}
const golden = JSON.parse(readFileSync("golden/fixtures/chat-templates/cases.json", "utf8")) as {
  tokens: Record<string, string>;
  conversations: Record<string, Conversation>;
  families: { name: string; template: string; cases: Record<string, Expected> }[];
  variables: Record<string, unknown>;
  snippets: (Expected & { template: string })[];
};

/** The text, or undefined if it was refused, as it must be: with an error that is for people. */
function attempt(run: () => string): { text?: string; why?: string } {
  try {
    return { text: run() };
  } catch (error) {
    expect((error as Error).message).toMatch(/^(chat template|prompt)/);
    return { why: (error as Error).message };
  }
}

/** What Jinja2 has and this has not: refused by name. */
const NOT_SUPPORTED: [template: string, said: string][] = [
  ["{{ s.format_map(d) }}", "str.format_map is not supported"],
  ["{% block a %}b{% endblock %}", "{% block %} is Jinja's, but not supported"],
  ["{% autoescape true %}{{ '<' }}{% endautoescape %}", "{% autoescape %} is Jinja's, but not supported"],
  ["{{ '<' | e }}", 'the filter "e" is not supported'],
  ["{{ ('<' | safe) + '>' }}", '"+" with what the filter "safe" gave is not supported'],
  ["{{ 'x' | batch(2) | list }}", 'the filter "batch" is not supported'],
  [
    "{% macro g(a) %}[{{ a }}]{% endmacro %}{{ g() }}|{{ g('x') | upper }}|{{ g }}",
    "function cannot be written as text",
  ],
];

describe("the families' templates render as by transformers", () => {
  it.each(golden.families)("$name", ({ template, cases }) => {
    for (const [name, { text, _why }] of Object.entries(cases)) {
      const { messages, add_generation_prompt, continue_final_message, tools, documents, ...more } =
        golden.conversations[name];
      const ours = attempt(() =>
        renderChat(template, messages, {
          bosToken: golden.tokens.bos_token,
          eosToken: golden.tokens.eos_token,
          tokens: golden.tokens,
          addGenerationPrompt: add_generation_prompt ?? false,
          continueFinalMessage: continue_final_message,
          tools,
          documents,
          templateVariables: more,
        }),
      );
      expect(ours.text, `${name}: ${ours.why} where transformers says ${_why}`).toBe(text);
    }
  });
});

test("what is Jinja2's is evaluated as Jinja2 does it, or refused by name", () => {
  const known = new Map(NOT_SUPPORTED);
  for (const { template, text, _why } of golden.snippets) {
    const ours = attempt(() => new Template(template).render(golden.variables));
    const said = known.get(template);
    if (said === undefined) expect(ours.text, `${template}: ${ours.why}, jinja2: ${_why}`).toBe(text);
    else expect(ours.why).toContain(said);
    known.delete(template);
  }
  expect([...known.keys()]).toEqual([]); // each of them is among the snippets
});

describe("errors", () => {
  const said = (template: string) => {
    try {
      new Template(template).render({});
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateError);
      return (error as Error).message;
    }
    return undefined;
  };

  it("name the line and what is wrong", () => {
    expect(said("a\nb {{ x.y.z }}")).toBe('chat template: "x" is not defined (line 2)');
    expect(said("{% if true %}\n{{ none | shout }}{% endif %}")).toBe(
      'chat template: the filter "shout" is none of Jinja\'s (line 2)',
    );
    expect(said("{% do x %}")).toContain("{% do %} is no tag of Jinja's");
    expect(said("{{ raise_exception('only users') }}")).toBe("chat template: only users");
    expect(said("{% if true %}a")).toContain("has no elif or else or endif");
  });

  it("stop what calls itself without an end, and what grows too long", () => {
    expect(said("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")).toContain("without an end");
    expect(said("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}")).toContain("without an end");
    expect(said("{{ 'a' * 999999999 }}")).toContain("too long");
    expect(said("{{ 9007199254740991 + 1 }}")).toContain("too large");
  });

  it("refuse variables that are no plain values", () => {
    expect(() => new Template("{{ x }}").render({ x: new Date() })).toThrow("not Date");
    expect(new Template("{{ x }}{{ y }}").render({ x: undefined, y: [true, 2.5] })).toBe("[True, 2.5]");
  });
});

test("times are written as by Python, whatever the locale", () => {
  const date = new Date(2026, 1, 3, 14, 5, 6);
  expect(strftime(date, "%d %b %Y, %A %B %e %H:%M:%S %I %p %j %y %% %F %-d")).toBe(
    "03 Feb 2026, Tuesday February  3 14:05:06 02 PM 034 26 % 2026-02-03 3",
  );
  expect(() => strftime(date, "%Q")).toThrow("%Q is not supported");
});
