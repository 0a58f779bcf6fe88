import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InfimmError } from "../../core/errors.ts";
import { fuzzRuns } from "../../core/fuzzRuns.fixture.ts";
import { parseConfig } from "./config.ts";
import { InfiMM } from "../infimm.ts";
import { Processor } from "../processor/processor.ts";
import { optionsFromGenerationConfig } from "../generate/generationConfig.ts";
import { mutatedJson } from "../checkpoint/mutate.fixture.ts";
import { loadTextEngine } from "../processor/text/textEngine.ts";

await loadTextEngine();

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const TINY = "model/infimm-tiny";

/** What `run` gives, or undefined if it refuses. Any error but ours fails the test. */
function valueOrRefusal<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof InfimmError)) throw error;
    expect(error.message.length).toBeLessThan(2000);
    return undefined;
  }
}

/** What `readJson` lets through. */
const anObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === "object" && json !== null && !Array.isArray(json);

const runs = { numRuns: fuzzRuns(300) };

describe("any JSON is used or refused", () => {
  it("as a model's config, and what is taken can be built", () => {
    const configs = readdirSync("model/config/published").map((name) => readJson(`model/config/published/${name}`));
    let built = 0;
    fc.assert(
      fc.property(mutatedJson([...configs, readJson(`${TINY}/config.json`)]), (json) => {
        const config = valueOrRefusal(() => parseConfig(json, "config.json"));
        if (!config) return;
        const model = new InfiMM(config);
        expect(model.stateDict().size).toBeGreaterThan(10);
        built++;
      }),
      { ...runs, examples: [[readJson(`${TINY}/config.json`)]] },
    );
    expect(built).toBeGreaterThan(0);
  });

  it("as a generation config", () => {
    fc.assert(
      fc.property(mutatedJson([readJson(`${TINY}/generation_config.json`)]).filter(anObject), (json) => {
        valueOrRefusal(() => optionsFromGenerationConfig(json));
      }),
      runs,
    );
  });

  it("as a tokenizer, its config, and the model's config as the processor uses it", () => {
    const files = {
      tokenizer: readJson(`${TINY}/tokenizer.json`),
      tokenizerConfig: readJson(`${TINY}/tokenizer_config.json`),
      config: readJson(`${TINY}/config.json`),
    };
    const part = fc.constantFrom("tokenizer", "tokenizer", "tokenizerConfig", "config");
    let used = 0;
    fc.assert(
      fc.property(
        mutatedJson([files.tokenizer]).filter(anObject),
        mutatedJson([files.tokenizerConfig]).filter(anObject),
        mutatedJson([files.config]).filter(anObject),
        part,
        (...all) => {
          const strange = { tokenizer: all[0], tokenizerConfig: all[1], config: all[2] };
          const processor = valueOrRefusal(
            () => new Processor({ ...files, [all[3]]: strange[all[3] as keyof typeof strange] }),
          );
          if (!processor) return;
          const { tokenizer } = processor;
          const ids = valueOrRefusal(() => tokenizer.encode("What is this? <image> ü 🦊 </s>"));
          if (ids) valueOrRefusal(() => tokenizer.decode(ids));
          valueOrRefusal(() => tokenizer.decode([0, 1, 5, 100, 999_999], { skipSpecialTokens: true }));
          valueOrRefusal(() => processor.render([{ role: "user", content: "What is <image>?" }]));
          used++;
        },
      ),
      { ...runs, examples: [[files.tokenizer, files.tokenizerConfig, files.config, "config"]] },
    );
    expect(used).toBeGreaterThan(0);
  });
});
