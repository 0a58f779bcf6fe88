import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { apiListing, LISTING, listingChanges } from "../docs/generate/apiListing.ts";
import * as index from "../index.ts";
import { Tokenizer } from "../model/processor/text/tokenizer.ts";
import { built } from "./built.fixture.ts";
import { PublicApi } from "../docs/generate/publicApi.ts";
import { type OptionsCall, optionsCalls } from "./publicApi.ts";

/** What has optional parts and is no options, by what it is. */
const NO_OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/\.(forward|call|sequence)$|^attentionMaps$/, "named tensors of a module; InfiMM's own are checked"],
  [/Error$/, "the platform's ErrorOptions"],
  [/^new Tokenizer$/, "contents of files, which have more in them"],
  [/^inspectionText$/, "what another call returned"],
  [/^Recorder\./, "inside of a backend"],
  [/^Chat\.say$/, "those of whoever replies: an Assistant's are checked"],
  [/^new (LeftOutCount|Reader)$/, "types alone are exported"],
];

let api: PublicApi;
beforeAll(async () => {
  await built();
  api = new PublicApi();
});

const GIVEN: Readonly<Record<string, readonly unknown[]>> = { "new Processor": [{}], "Processor::from": [{}], readPictures: [[]], "Tokenizer.encodeBatch": [["text"]] }; // biome-ignore format: a table

/** Stands for every other argument, and for fields of an instance: whatever is asked of it is it. */
const anything: object = new Proxy(() => {}, {
  get: (_, key) => (key === "then" ? undefined : key === Symbol.iterator ? [][Symbol.iterator] : key === Symbol.toPrimitive ? () => "1" : anything), // biome-ignore format: a table
  apply: () => anything,
});

/** What a call with these options says. */
async function refusal({ name, index: at }: OptionsCall, options: unknown): Promise<string> {
  const [, made, owner, mark, member] = /^(new )?(\w+)(?:(\.|::)(\w+))?$/.exec(name)!;
  const args = [...(GIVEN[name] ?? new Array(at).fill(anything)).slice(0, at), options];
  try {
    const value = Reflect.get({ ...index, Tokenizer }, owner);
    if (made) Reflect.construct(value, args);
    else {
      const instance = (prototype: object) =>
        new Proxy(prototype, { get: (target, key) => (key in target ? Reflect.get(target, key) : anything) });
      const self = mark === "." ? instance(value.prototype) : value;
      const result: unknown = Reflect.apply(member ? self[member] : value, self, args);
      await (result instanceof Object && "next" in result ? (result as AsyncGenerator).next() : result);
    }
  } catch (error) {
    return error instanceof index.InfimmError ? error.message : String((error as Error).stack);
  }
  return "nothing";
}

describe("options", () => {
  it("that nobody reads are refused by name, by every public call", async () => {
    const calls = optionsCalls(api, "index").filter(({ name }) => !NO_OPTIONS.some(([pattern]) => pattern.test(name)));
    expect(calls.length).toBeGreaterThan(120);
    const silent: string[] = [];
    for (const call of calls) {
      const said = await refusal(call, { notAnOption: 1 });
      if (!said.includes("there is no option notAnOption"))
        silent.push(`${call.name}(${call.parameter}): ${said.slice(0, 150)}`);
    }
    expect(silent).toEqual([]);
  });

  it("in the wrong form are refused: a number where a name is meant, as in PyTorch's elu(x, 0.5)", async () => {
    const one = { name: "elu", parameter: "options", index: 1 };
    expect(await refusal(one, 0.5)).toBe("elu: options are named, as in { alpha: … }; expected an object, got 0.5");
    expect(await refusal(one, null)).toContain("got null");
    expect(await refusal(one, [1])).toContain("got a list");
    expect(await refusal({ ...one, name: "topk", index: 3 }, { larges: false })).toContain("did you mean largest?");
  });

  it.each([
    ["Assistant::fromPretrained", 1, { device: "webgpu" }, "did you mean backend?"],
    ["Assistant::fromPretrained", 1, { torch_dtype: "q4" }, "did you mean dtype?"],
    ["Assistant::fromPretrained", 1, { style: "plain" }, "Processor.fromPretrained(source, { style })"],
    ["Processor::fromPretrained", 1, { dtype: "q4" }, "there is no option dtype"],
    ["openCheckpoint", 1, { backend: "cpu" }, "there is no option backend"],
    ["Assistant.ask", 2, { temperature: 0.5 }, "did you mean sampling: { temperature }?"],
    ["Assistant.ask", 2, { max_new_tokens: 5 }, "did you mean maxNewTokens?"],
    ["Assistant.ask", 2, { do_sample: true }, "did you mean sampling: {}?"],
    ["Assistant.ask", 2, { streamer: null }, "what an Assistant's ask and reply yield"],
    ["Assistant.ask", 2, { top_logprobs: 3 }, "did you mean topLogprobs?"],
    ["generate", 2, { logprobs: true }, "an Assistant takes logprobs"],
    ["generate", 2, { stopStrings: ["a"] }, "stopStrings needs a tokenizer"],
    ["readPicture", 1, { max_pixels: 5 }, "did you mean maxPixels?"],
    ["InfiMM.forward", 0, { input_ids: 1 }, "did you mean inputIds?"],
    ["new AdamW", 1, { weight_decay: 0.1 }, "did you mean weightDecay?"],
    ["new Linear", 2, { baias: false }, "did you mean bias?"],
    ["new CrossEntropyLoss", 0, { label_smoothing: 0.1 }, "did you mean labelSmoothing?"],
  ])("of others' are told ours: %s, %i, %o", async (name, at, options, meant) => {
    expect(await refusal({ name, parameter: "", index: at }, options)).toContain(meant);
  });
});

describe("the public API", () => {
  it("has a text above every export", () => {
    const silent = api.described().filter(({ text }) => text.trim() === "");
    expect(silent.map(({ name, file }) => `${name} of ${file} needs a docstring: shapes, units, errors`)).toEqual([]);
  });

  it("changes only when it is announced: the listing is what the declarations say", () => {
    const now = apiListing(api.described());
    if (process.env.API === "write") writeFileSync(LISTING, now);
    const changes = listingChanges(readFileSync(LISTING, "utf8"), now);
    const accept = `If this is meant: npm run api writes ${LISTING} anew, and CHANGELOG.md needs a line that tells users.`;
    expect(changes, `${changes.join("\n")}\n${accept}`).toEqual([]);
    expect(now.match(/^\S/gm)!.length).toBeGreaterThan(700);
  });

  it("of which a listing shows what was added, removed and changed", () => {
    const exported = (name: string, declaration: string) =>
      ({ name, declaration, entries: ["core"], file: "", text: "", tags: [] }) as const;
    const before = apiListing([
      exported("a", "const a: 1;"),
      exported("b", "interface b {\n  /** A text. */\n  x: 1;\n}"),
    ]);
    const now = apiListing([
      exported("b", "interface b {\n  /** Another. */\n  x: 2;\n}"),
      exported("c", "type c = 1;"),
    ]);
    expect(listingChanges(before, before)).toEqual([]);
    expect(listingChanges(before, now)).toEqual([
      "removed: a (infimm/core)\n  const a: 1;",
      "changed: b (infimm/core)\n  was\n  interface b {\n    x: 1;\n  }\n  is\n  interface b {\n    x: 2;\n  }",
      "added: c (infimm/core)\n  type c = 1;",
    ]);
  });
});
