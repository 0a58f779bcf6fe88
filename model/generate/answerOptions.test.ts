import { expect, test } from "vitest";
import { configOf } from "../config/variants.ts";
import { answerParts } from "./answerOptions.ts";
import { optionsFromGenerationConfig } from "./generationConfig.ts";
import { completeOptions } from "./options.ts";

const config = configOf("infimm-zephyr");
const refusal = (options: object): string => {
  try {
    completeOptions(options, config);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

test.each([
  [{ seed: "7" }, 'seed must be a whole number, got "7"'],
  [{ seed: 1.5 }, "seed must be a whole number, got 1.5"],
  [{ maxNewTokens: "9" }, 'maxNewTokens must be a whole number, 1 or more, got "9"'],
  [{ eosTokenIds: 2 }, "eosTokenIds must be a list of ids below 32002, got 2"],
  [{ eosTokenIds: [32002] }, "eosTokenIds must be a list of ids below 32002, got [32002]"],
  [{ eosTokenIds: ["</s>"] }, 'got ["</s>"]'],
  [{ sampling: true }, "sampling must be an object such as { temperature: 0.7 }, or null, got true"],
  [{ sampling: { temprature: 1 } }, "sampling: there is no option temprature; did you mean temperature?"],
  [{ sampling: { temperature: -1 } }, "temperature must be a number, 0 (greedy) or more, got -1"],
  [{ sampling: { temperature: 0 }, numReturnSequences: 2 }, "numReturnSequences must be 1 without sampling"],
  [{ topLogprobs: 3 }, "topLogprobs must be 0 where nobody hears them, got 3"],
  [{ onLogprobs: () => {}, topLogprobs: 32003 }, "topLogprobs must be a whole number, 0 to 32002, got 32003"],
  [{ onLogprobs: () => {}, beams: 2 }, "beams must be 1 where log-probabilities of tokens are heard, got 2"],
  [{ sampling: { top_k: 1 } }, "did you mean topK?"],
  [{ sampling: { topP: "0.5" } }, 'topP must be above 0 and at most 1, got "0.5"'],
  [{ stop: "x" }, 'stop must be a function of the new ids, got "x"'],
  [{ processors: [7] }, "processors must be a list of functions, got [7]"],
  [{ imageToken: "allow" }, 'imageToken must be "forbid" or "emulate", got "allow"'],
  [{ useCache: 0 }, "useCache must be true or false, got 0"],
  [{ earlyStopping: "always" }, 'earlyStopping must be true, false or "never", got "always"'],
  [{ signal: new AbortController() }, "signal must be an AbortSignal"],
  [{ repetitionPenalty: "2" }, 'repetitionPenalty must be above 0, got "2"'],
  [{ lengthPenalty: null }, "lengthPenalty must be a number, got null"],
  [{ max_new_tokens: 5 }, "there is no option max_new_tokens; did you mean maxNewTokens?"],
  [{ temperature: 0.7 }, "there is no option temperature; did you mean sampling: { temperature }?"],
  [{ num_beams: 3 }, "did you mean beams?"],
  [{ repetition_penalty: 2 }, "did you mean repetitionPenalty?"],
  [{ colour: "red" }, "generate: there is no option colour"],
  [{ stopStrings: ["a"] }, "an Assistant takes it"],
])("%j is refused by name", (options, message) => {
  expect(refusal(options)).toContain(message);
});

test("what is right, or not given, is taken", () => {
  expect(refusal({ seed: 7, eosTokenIds: [], sampling: {}, colour: undefined })).toBe("");
  expect(refusal({ earlyStopping: "never", beams: 2, signal: AbortSignal.abort(), sampling: null })).toBe("");
});

test("options of an answer are those of generation, of the prompt, and stop strings", () => {
  const { generation, prompt, stopStrings } = answerParts({ seed: 1, maxLength: 9, stopStrings: "x" });
  expect([generation, prompt, stopStrings]).toEqual([{ seed: 1 }, { maxLength: 9 }, ["x"]]);
  expect(() => answerParts({ stop_strings: ["x"] } as object)).toThrow("did you mean stopStrings?");
  expect(() => answerParts({ stopStrings: [7] } as object)).toThrow("stopStrings must be a list of texts, got [7]");
  expect(() => answerParts({ addGenerationPrompt: false } as object)).toThrow("no option addGenerationPrompt");
});

test("generation_config.json: all that is here is taken, and what is not is named", () => {
  const fields = {
    _from_model_config: true,
    bos_token_id: 1,
    pad_token_id: 2,
    transformers_version: "5.0",
    max_new_tokens: 9,
    max_length: 4096,
    min_new_tokens: 2,
    num_beams: 3,
    num_return_sequences: 2,
    length_penalty: 0.5,
    early_stopping: "never",
    repetition_penalty: 1.1,
    no_repeat_ngram_size: 4,
    eos_token_id: [2, 5],
    stop_strings: "END",
    use_cache: false,
    do_sample: null,
    min_p: 0.1,
    bad_words_ids: null,
    suppress_tokens: [],
  };
  const options = optionsFromGenerationConfig(fields);
  expect(options).toEqual({
    maxNewTokens: 9,
    minNewTokens: 2,
    beams: 3,
    numReturnSequences: 2,
    lengthPenalty: 0.5,
    earlyStopping: "never",
    repetitionPenalty: 1.1,
    noRepeatNgramSize: 4,
    eosTokenIds: [2, 5],
    stopStrings: ["END"],
    useCache: false,
    sampling: null,
  });
  expect(completeOptions(answerParts(options).generation, config).beams).toBe(3);
  expect(optionsFromGenerationConfig({ eos_token_id: 7 })).toMatchObject({ eosTokenIds: [7] });
  const refused = (json: object) => () => optionsFromGenerationConfig(json as Record<string, unknown>);
  expect(refused({ do_sample: true, min_p: 0.1 })).toThrow("generation_config.json: min_p = 0.1 is not supported");
  expect(refused({ bad_words_ids: [[5]] })).toThrow("bad_words_ids = [[5]] is not supported");
  expect(refused({ max_length: 100 })).toThrow("max_length = 100 is not supported");
  expect(refused({ brand_new: 1 })).toThrow("brand_new = 1 is not known here");
  expect(refused({ do_sample: "yes" })).toThrow('do_sample must be true or false, got "yes"');
  expect(refused({ do_sample: true, top_k: "5" })).toThrow('top_k must be a number, got "5"');
});
