import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NumpyLegacy } from "../random/numpyLegacy.ts";
import { PythonRandom } from "../random/pythonRandom.ts";
import { torchPermutation } from "../random/torchPermutation.ts";
import { mean, standardDeviation } from "../python/mean.ts";
import { fixed, round } from "../python/round.ts";
import { toFloat } from "../python/toFloat.ts";
import { bleu } from "./bleu.ts";
import { ciderD } from "./ciderD.ts";
import { mmbenchLetter } from "./mmbench.ts";
import { mmeAnswer, mmeSubtask, mmeTotals, MME_SUBTASKS, type MmeQuestion } from "./mme.ts";
import { mmmuLetter, mmmuOpen, mmmuOpenRight, mmmuTotals } from "./mmmu.ts";
import { mmVetTotals } from "./mmVet.ts";
import type { Captioned } from "./ngrams.ts";
import { OKVQA_STEMS } from "./okvqaStems.ts";
import { ptbTokens } from "./ptbTokens.ts";
import { rougeL } from "./rougeL.ts";
import { scienceQaLetter } from "./scienceQa.ts";
import { singularize } from "./singularize.ts";
import type { VqaAnswer } from "../../train/readers/vqa.ts";
import { vqaAccuracy, vqaTotals } from "./vqaAccuracy.ts";
import { cleanCaption, cleanVqa } from "./vqaClean.ts";
import { CONTRACTIONS } from "./vqaContractions.ts";
import { normaliseAnswer, normaliseEvalAi } from "./vqaNormalise.ts";

/** Made inputs, and what the benchmarks' own programs say about them (golden/export/export_metrics.py). */
function fixture(name: string) {
  const path = new URL(`../../../golden/fixtures/metrics/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Two programs that add the same doubles in the same order; logarithms and powers may differ in the last place. */
const LAST_PLACES = 1e-14;

function expectNear(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [i, value] of got.entries()) {
    expect(Math.abs(value - want[i]), `${i}: ${value} for ${want[i]}`).toBeLessThanOrEqual(LAST_PLACES * (1 + want[i]));
  }
}

const letterOf = (i: number) => String.fromCharCode(65 + i);
const byLetter = (options: string[]) => Object.fromEntries(options.map((option, i) => [letterOf(i), option]));

describe("captions as pycocoevalcap scores them", () => {
  interface CaptionSet {
    images: Captioned[];
    tokens: Captioned[];
    bleu: number[];
    bleus: number[][];
    rougeL: number;
    rougeLs: number[];
    ciderD: number;
    ciderDs: number[];
  }
  it.each(Object.entries(fixture("captions") as Record<string, CaptionSet>))("%s", (_, set) => {
    const tokens = set.images.map(({ caption, references }) => {
      return { caption: ptbTokens(caption), references: references.map(ptbTokens) };
    });
    expect(tokens).toEqual(set.tokens);
    const [b, r, c] = [bleu(tokens), rougeL(tokens), ciderD(tokens)];
    expectNear(b.corpus, set.bleu);
    for (const [k, each] of b.each.entries()) expectNear(each, set.bleus[k]);
    expectNear([r.corpus, ...r.each], [set.rougeL, ...set.rougeLs]);
    expectNear([c.corpus, ...c.each], [set.ciderD, ...set.ciderDs]);
  });

  it.each(Object.entries(fixture("ptb") as Record<string, [string, string][]>))("PTB tokens of %s", (_, lines) => {
    for (const [text, tokens] of lines) expect(ptbTokens(text), text).toBe(tokens);
  });
});

describe("VQA", () => {
  const vqa = fixture("vqa");
  it("normalises", () => {
    for (const [text, want] of vqa.normalised) expect(normaliseAnswer(text), text).toBe(want);
    for (const [text, want] of vqa.evalAi) expect(normaliseEvalAi(text), text).toBe(want);
    for (const [text, want] of vqa.cleaned) expect(cleanVqa(text), text).toBe(want);
    for (const [text, want] of vqa.captions) expect(cleanCaption(text), text).toBe(want);
    const live = Object.entries(vqa.contractions).filter(
      ([word, repaired]) => word === word.toLowerCase() && word !== repaired,
    );
    expect(Object.fromEntries(CONTRACTIONS)).toEqual(Object.fromEntries(live));
  });

  interface Question {
    prediction: string;
    annotation: { answers: VqaAnswer[]; question_type: string; answer_type: string };
  }
  const questions = vqa.questions as Question[];
  it.each(["open_flamingo", "official"] as const)("accuracy, %s", (definition) => {
    const want = vqa[definition === "official" ? "official" : "openFlamingo"];
    const scored = questions.map(({ prediction, annotation: { answers, question_type, answer_type } }) => {
      const accuracy = vqaAccuracy(prediction, answers, definition);
      return { accuracy, questionType: question_type, answerType: answer_type };
    });
    expect(scored.map(({ accuracy }) => round(100 * accuracy, 2))).toEqual(want.each);
    expect(vqaTotals(scored)).toEqual(want.accuracy);
  });

  it("accuracy, evalai", () => {
    const tens = questions.filter(({ annotation }) => annotation.answers.length === 10);
    expect(tens.map((q) => vqaAccuracy(q.prediction, q.annotation.answers, "evalai"))).toEqual(vqa.evalAiEach);
    const short = questions.find(({ annotation }) => annotation.answers.length !== 10) as Question;
    expect(() => vqaAccuracy("cat", short.annotation.answers, "evalai")).toThrow(/needs 10 answers/);
  });

  it("OK-VQA's table and inflection's singular", () => {
    const { singular, manual } = fixture("stems");
    for (const [word, want] of singular) expect(singularize(word), word).toBe(want);
    expect(Object.fromEntries(OKVQA_STEMS)).toEqual(manual);
  });
});

describe("MMMU", () => {
  const mmmu = fixture("mmmu");
  it("finds letters, and draws as random.seed(42) where there is none", () => {
    const random = new PythonRandom(42);
    for (const [answer, options, want, isDrawn] of mmmu.choices) {
      const { letter } = mmmuLetter(answer, byLetter(options));
      expect(letter === undefined, answer).toBe(isDrawn);
      expect(letter ?? random.choice(options.map((_: string, i: number) => letterOf(i))), answer).toBe(want);
    }
  });

  it("reads open answers", () => {
    const shown = (found: (string | number)[]) =>
      found.map((one) => (typeof one === "number" ? pythonRepr(one) : one)).sort();
    for (const [answer, gold, want, isRight] of mmmu.open) {
      const found = mmmuOpen(answer);
      expect(shown(found), answer).toEqual([...want].sort());
      expect(mmmuOpenRight(found, gold), answer).toBe(isRight);
    }
  });

  it("reads floats and rounds as Python does", () => {
    for (const [text, want] of mmmu.floats) {
      const got = toFloat(text);
      expect(got === undefined ? null : pythonRepr(got), JSON.stringify(text)).toBe(want);
    }
    for (const [value, digits, rounded, written] of mmmu.rounds) {
      expect(round(value, digits), `${value} ${digits}`).toBe(Number(rounded));
      if (Math.abs(value) < 1e21) expect(fixed(value, digits)).toBe(written);
    }
  });

  it("totals as main_eval_only.py prints them", () => {
    const { output, answers, table } = fixture("mmmuTotals");
    const scored = Object.keys(output).map((id) => {
      const { question_type, ground_truth } = answers[id];
      const isOpen = question_type !== "multiple-choice";
      return { id, right: isOpen ? mmmuOpenRight(mmmuOpen(output[id]), ground_truth) : output[id] === ground_truth };
    });
    expect(mmmuTotals(scored)).toEqual(table);
    expect(() => mmmuTotals([{ id: "validation_Alchemy_1", right: true }])).toThrow(/Alchemy/);
  });
});

/** "5.0", "inf", "1e+22": enough of Python's repr of a float for these inputs. */
function pythonRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
}

it("MMBench's letters", () => {
  for (const [answer, options, want] of fixture("mmbench")) {
    expect(mmbenchLetter(answer, options).letter ?? null, answer).toBe(want);
  }
});

it("ScienceQA's letters", () => {
  const { rows, printed } = fixture("scienceQa");
  const right = (rows as [string, number, number, number][]).map(([text, choices, gold, want]) => {
    const { letter } = scienceQaLetter(text, choices);
    expect(letter === undefined ? -1 : letter.charCodeAt(0) - 65, text).toBe(want);
    return want === gold;
  });
  const percent = (some: boolean[]) => fixed((some.filter(Boolean).length / some.length) * 100, 2);
  const images = percent(right.filter((_, i) => i % 2 === 1));
  const count = right.filter(Boolean).length;
  expect(printed).toBe(
    `Total: ${right.length}, Correct: ${count}, Accuracy: ${percent(right)}%, IMG-Accuracy: ${images}%`,
  );
});

it("MME", () => {
  const { parsed, subtask, metrics, printed } = fixture("mme");
  for (const [text, want] of parsed) expect(mmeAnswer(text), text).toBe(want);
  const questions = (subtask as [MmeQuestion["gold"], string][]).map(([gold, text]) => {
    return { gold, answer: mmeAnswer(text) };
  });
  const pictures = questions.flatMap((_, i) => (i % 2 === 0 ? [questions.slice(i, i + 2)] : []));
  const found = mmeSubtask(pictures);
  const { truePositive: TP, falseNegative: FN, trueNegative: TN, falsePositive: FP, precision, recall, acc } = found;
  expect({ TP, FN, TN, FP, precision, recall, other_num: found.other, acc }).toEqual(metrics);
  const totals = mmeTotals(Object.fromEntries(MME_SUBTASKS.map((name) => [name, found])));
  const totalsPrinted = (printed as unknown[][])
    .filter(([label]) => label === "total score:")
    .map(([, score]) => score);
  expect([totals.perception, totals.cognition]).toEqual(totalsPrinted);
});

it("MM-Vet's totals", () => {
  const { items, results } = fixture("mmVet");
  const capabilities = Object.fromEntries(
    Object.entries(items).map(([id, item]) => [id, (item as { capability: string[] }).capability]),
  );
  for (const [runs, want] of Object.entries(results as Record<string, Record<string, Record<string, number>>>)) {
    const grades = Object.fromEntries(
      Object.entries(items as Record<string, { score: number[] }>).map(([id, { score }]) => [
        id,
        { score: score.slice(0, Number(runs)) },
      ]),
    );
    const { total, std, perCapability, perCapabilitySet } = mmVetTotals(capabilities, grades);
    const { runs: _, ...capabilityRow } = want.capabilities;
    const { runs: __, ...setRow } = want.sets;
    expect({ ...perCapability, total, std }).toEqual(capabilityRow);
    expect({ ...perCapabilitySet, total, std }).toEqual(setRow);
  }
});

it("NumPy's means", () => {
  for (const [row, wantMean, wantStd] of fixture("means")) {
    expect(mean(row)).toBe(wantMean);
    expect(standardDeviation(row)).toBe(wantStd);
  }
});

it("draws as numpy, random and torch do", () => {
  const { draws, samples, choices } = fixture("draws");
  for (const { seed, sizes, test, pool, order, demos } of draws) {
    const [tests, count, trains, poolSize, shots] = sizes;
    const numpy = new NumpyLegacy(seed);
    expect(numpy.choice(tests, count).slice(0, 8)).toEqual(test);
    const drawn = numpy.choice(trains, poolSize);
    expect(drawn.slice(0, 8)).toEqual(pool);
    expect(torchPermutation(count, 0).slice(0, 8)).toEqual(order);
    const random = new PythonRandom(seed);
    expect(demos.map(() => random.sample(drawn, shots))).toEqual(demos);
  }
  for (const [seed, n, k, want] of samples) {
    expect(
      new PythonRandom(seed).sample(
        Array.from({ length: n }, (_, i) => i),
        k,
      ),
    ).toEqual(want);
  }
  const random = new PythonRandom(42);
  expect(choices.map(() => random.choice(["A", "B", "C", "D"]))).toEqual(choices);
  expect(() => random.sample([1], 2)).toThrow(/cannot be drawn/);
});
