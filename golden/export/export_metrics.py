"""The numbers of the benchmarks' own programs, for golden/fixtures/metrics/*.json.

    python golden/export/export_metrics.py CLONES golden/fixtures/metrics

CLONES holds clones of GT-Vision-Lab/VQA, mlfoundations/open_flamingo, haotian-liu/LLaVA, MMMU-Benchmark/MMMU,
open-compass/VLMEvalKit, yuweihao/MM-Vet and TideDra/VL-RLHF (at a0cd50c, which has MME's calculation.py), named as the
repositories. The programs are imported from there and run unedited, but that VQA's, which is Python 2, is translated.
Needs: pycocoevalcap inflection numpy pandas scikit-learn torch; Java for the PTB tokenizer.
"""

import importlib.util
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import types

import numpy as np

from metric_inputs import *  # noqa: F403: the made inputs

CLONES, OUT = sys.argv[1:3]


def load(path, name, translate=None, stubs=()):
    """A program as a module; `stubs` are modules that it imports and that are not needed here."""
    for stub in stubs:
        parts = stub.split(".")
        for i in range(len(parts)):
            sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(".".join(parts[: i + 1])))
    source = open(os.path.join(CLONES, path)).read()
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(translate(source) if translate else source, path, "exec"), module.__dict__)
    return module


def write(name, value):
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=0, allow_nan=True)
        file.write("\n")


def captions():
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    sets = {}
    for name, images in CAPTION_SETS.items():
        keys = [str(i) for i in range(len(images))]
        gts = PTBTokenizer().tokenize({k: [{"caption": r} for r in im["references"]] for k, im in zip(keys, images)})
        res = PTBTokenizer().tokenize({k: [{"caption": im["caption"]}] for k, im in zip(keys, images)})
        bleu, bleus = Bleu(4).compute_score(gts, res, verbose=0)
        rouge, rouges = Rouge().compute_score(gts, res)
        cider, ciders = Cider().compute_score(gts, res)
        sets[name] = {
            "images": images,
            "tokens": [{"caption": res[k][0], "references": gts[k]} for k in keys],
            "bleu": bleu,
            "bleus": bleus,
            "rougeL": rouge,
            "rougeLs": rouges.tolist(),
            "ciderD": cider,
            "ciderDs": ciders.tolist(),
        }
    write("captions", sets)


def ptb():
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    # each text alone between two others that begin no sentence: the jar looks beyond a line's end
    groups = {}
    for name, texts in PTB_TEXTS.items():
        spaced = [t for text in texts for t in (text, "x")]
        tokens = PTBTokenizer().tokenize({0: [{"caption": text} for text in spaced]})[0]
        groups[name] = list(map(list, zip(texts, tokens[::2])))
    write("ptb", groups)


def vqa():
    of = load("open_flamingo/open_flamingo/eval/vqa_metric.py", "of_vqa")

    def two_to_three(source):
        source = re.sub(r'^(\s*)print (".*")$', r"\1print(\2)", source, flags=re.M)
        return source.expandtabs(8)

    official = load("VQA/PythonEvaluationTools/vqaEvaluation/vqaEval.py", "official_vqa", two_to_three)
    m4c = load("LLaVA/llava/eval/m4c_evaluator.py", "m4c")
    evaluator = of.VQAEval(None, None)
    normalise = lambda text: evaluator.processDigitArticle(evaluator.processPunctuation(text))
    ai = m4c.EvalAIAnswerProcessor()
    questions = []
    for i, (prediction, answers) in enumerate(VQA_QUESTIONS):
        annotation = {
            "question_id": i,
            "image_id": i,
            "question_type": f"type {i % 3}",
            "answer_type": ["yes/no", "number", "other"][i % 2],
            "answers": answers,
        }
        questions.append((prediction, annotation))

    def run(module):
        sys.stdout = open(os.devnull, "w")
        annotations = json.loads(json.dumps([annotation for _, annotation in questions]))
        gold = of.VQA()
        gold.dataset = {"annotations": annotations}
        gold.qa = {a["question_id"]: a for a in annotations}
        results = of.VQA()
        results.dataset = {"annotations": [{"question_id": i, "answer": p} for i, (p, _) in enumerate(questions)]}
        results.qa = {a["question_id"]: a for a in results.dataset["annotations"]}
        found = module.VQAEval(gold, results, n=2)
        found.evaluate(list(range(len(questions))))
        sys.stdout = sys.__stdout__
        return {"accuracy": found.accuracy, "each": [found.evalQA[i] for i in range(len(questions))]}

    tens = [(p, [a["answer"] for a in an["answers"]]) for p, an in questions if len(an["answers"]) == 10]
    evaluator_ai = m4c.TextVQAAccuracyEvaluator()
    each_ai = [evaluator_ai.eval_pred_list([{"pred_answer": p, "gt_answers": a}]) for p, a in tens]
    write(
        "vqa",
        {
            "normalised": [[text, normalise(text)] for text in VQA_TEXTS],
            "evalAi": [[text, ai(text)] for text in VQA_TEXTS],
            "contractions": evaluator.contractions,
            "cleaned": [[t, of.postprocess_vqa_generation(t)] for t in GENERATED],
            "captions": [[t, t.split("Output", 1)[0].replace('"', "")] for t in GENERATED],
            "questions": [{"prediction": p, "annotation": a} for p, a in questions],
            "openFlamingo": run(of),
            "official": run(official),
            "evalAiEach": each_ai,
        },
    )


def mmmu():
    m = load("MMMU/mmmu/utils/eval_utils.py", "mmmu_eval")
    random.seed(42)
    choices = []
    for answer, options in MMMU_CHOICES:
        index = {chr(65 + i): option for i, option in enumerate(options)}
        calls = []
        true_choice = random.choice
        random.choice = lambda seq: (calls.append(1), true_choice(seq))[1]
        letter = m.parse_multi_choice_response(answer, list(index), index)
        random.choice = true_choice
        choices.append([answer, options, letter, bool(calls)])
    opened = []
    for answer, gold in MMMU_OPEN:
        found = m.parse_open_response(answer)
        shown = sorted(repr(float(f)) if isinstance(f, float) else f for f in found)
        opened.append([answer, gold, shown, m.eval_open(gold, found)])
    numbers = [[text, m.extract_numbers(text)] for text in MMMU_NUMBERS]
    floats = []
    for text in FLOATS:
        try:
            floats.append([text, repr(float(text))])
        except ValueError:
            floats.append([text, None])
    rounds = [[value, digits, repr(round(value, digits)), f"{value:.{digits}f}"] for value, digits in ROUNDS]
    write("mmmu", {"choices": choices, "open": opened, "numbers": numbers, "floats": floats, "rounds": rounds})
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("out", MMMU_OUTPUT), ("answers", MMMU_ANSWERS)):
            json.dump(value, open(os.path.join(folder, name + ".json"), "w"))
        printed = subprocess.run(
            [sys.executable, "main_eval_only.py", "--output_path", f"{folder}/out.json", "--answer_path", f"{folder}/answers.json"],
            cwd=os.path.join(CLONES, "MMMU/mmmu"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    table = eval(printed.strip().splitlines()[-1])
    write("mmmuTotals", {"output": MMMU_OUTPUT, "answers": MMMU_ANSWERS, "table": table})


def mmbench():
    log = types.ModuleType("vlmeval.smp.log")
    log.get_logger = lambda name: None
    sys.modules["vlmeval"] = types.ModuleType("vlmeval")
    sys.modules["vlmeval.smp"] = types.ModuleType("vlmeval.smp")
    sys.modules["vlmeval.smp.log"] = log
    m = load("VLMEvalKit/vlmeval/utils/matching_util.py", "matching")
    write("mmbench", [[a, o, m.can_infer(a, dict(o)) or None] for a, o in MMBENCH])


def science_qa():
    problems = {str(i): {"choices": ["x"] * n, "answer": gold} for i, (_, n, gold) in enumerate(SCIENCE_QA)}
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        json.dump({"test": list(problems)}, open(path("pid_splits.json"), "w"))
        json.dump(problems, open(path("problems.json"), "w"))
        with open(path("answers.jsonl"), "w") as file:
            for i, (text, _, _) in enumerate(SCIENCE_QA):
                prompt = "<image>\nq" if i % 2 else "q"
                file.write(json.dumps({"question_id": str(i), "text": text, "prompt": prompt}) + "\n")
        script = os.path.join(CLONES, "LLaVA/llava/eval/eval_science_qa.py")
        arguments = ["--base-dir", folder, "--result-file", path("answers.jsonl")]
        arguments += ["--output-file", path("o.json"), "--output-result", path("r.json")]
        printed = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=True).stdout
        results = json.load(open(path("r.json")))["results"]
    rows = [[*row, results[str(i)]] for i, row in enumerate(SCIENCE_QA)]
    write("scienceQa", {"rows": rows, "printed": printed.strip()})


def mme():
    sys.argv = ["calculation.py"]
    m = load("VL-RLHF/eval/mme/calculation.py", "mme_calculation")
    found = m.calculate_metrics()
    parsed = [[t, found.parse_pred_ans((t + "\n").lower())] for t in MME_ANSWERS]
    parsed += [[t, found.parse_pred_ans(t.lower())] for t in ("yes", "no", "Yes", "NO")]
    golds = [g for g, _ in MME_SUBTASK]
    predictions = [found.parse_pred_ans((p + "\n").lower()) for _, p in MME_SUBTASK]
    metrics = {k: float(v) for k, v in found.compute_metric(golds, predictions).items()}
    with tempfile.TemporaryDirectory() as folder:
        for name in itertools.chain(*m.eval_type_dict.values()):
            with open(os.path.join(folder, name + ".txt"), "w") as file:
                for i, (gold, answer) in enumerate(MME_SUBTASK):
                    file.write(f"{i // 2}.jpg\tIs it {i}?\t{gold.capitalize()}\t{answer}\n")
        lines = []
        m.print = lambda *parts: lines.append(list(parts))
        found.process_result(folder)
    write("mme", {"parsed": parsed, "subtask": MME_SUBTASK, "metrics": metrics, "printed": lines})


def mm_vet():
    import pandas

    openai = types.ModuleType("openai")
    openai.OpenAI = openai.RateLimitError = object
    sys.modules["openai"] = sys.modules["openai._exceptions"] = openai
    results = {}
    for runs in (1, 3, 5):
        m = load("MM-Vet/mm-vet_evaluator.py", "mm_vet")
        data = {k: {"capability": c} for k, (c, _) in MM_VET.items()}
        grades = {k: {"score": s[:runs]} for k, (_, s) in MM_VET.items()}
        with tempfile.TemporaryDirectory() as folder:
            json.dump(data, open(os.path.join(folder, "mm-vet.json"), "w"))
            args = types.SimpleNamespace(mmvet_path=folder, use_sub_set=False, num_run=runs, decimal_places=1)
            m.__dict__.update(cap_score_file=f"{folder}/a.csv", cap_int_score_file=f"{folder}/b.csv")
            meta = m.load_metadata(args)
            sub_set, _, data, counter, cap_set_list, cap_set_counter, len_data, df, df2, names = meta
            m.__dict__.update(sub_set=sub_set, counter=counter, len_data=len_data, cap_set_list=cap_set_list)
            df, df2 = m.export_result(args, "model", df, df2, grades, data, cap_set_counter, names)
            plain = lambda frame: {k: v if isinstance(v, str) else float(v) for k, v in frame.loc["model"].items()}
            sorted_names = {"_".join(sorted(k.split("_"))): v for k, v in plain(df2).items()}
            results[runs] = {"capabilities": plain(df), "sets": sorted_names}
    items = {k: {"capability": c, "score": s} for k, (c, s) in MM_VET.items()}
    write("mmVet", {"items": items, "results": results})


def stems():
    import inflection

    of = open(os.path.join(CLONES, "open_flamingo/open_flamingo/eval/ok_vqa_utils.py")).read()
    manual = eval(re.search(r"_MANUAL_MATCHES = (\{.*?\n\})", of, re.S).group(1))
    write("stems", {"singular": [[w, inflection.singularize(w)] for w in WORDS], "manual": manual})


def draws():
    import torch

    rows = []
    for seed, n_test, count, n_train, pool, k in DRAWS:
        np.random.seed(seed)
        test = np.random.choice(n_test, count, replace=False).tolist()
        query_set = np.random.choice(n_train, pool, replace=False).tolist()
        random.seed(seed)
        order = list(torch.utils.data.distributed.DistributedSampler(range(count), num_replicas=1, rank=0))
        demos = [random.sample(query_set, k) for _ in range(min(count, 6))]
        rows.append({"seed": seed, "sizes": [n_test, count, n_train, pool, k], "test": test[:8], "pool": query_set[:8]})
        rows[-1].update({"order": order[:8], "demos": demos})
    samples = []
    for seed, n, k in SAMPLES:
        random.seed(seed)
        samples.append([seed, n, k, random.sample(range(n), k)])
    random.seed(42)
    write("draws", {"draws": rows, "samples": samples, "choices": [random.choice("ABCD") for _ in range(20)]})


def means():
    write("means", [[row, float(np.mean(row)), float(np.std(row))] for row in MEANS])


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for export in (captions, ptb, vqa, mmmu, mmbench, science_qa, mme, mm_vet, stems, draws, means):
        export()
