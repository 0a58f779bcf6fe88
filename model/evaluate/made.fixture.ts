import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const PICTURES = ["garden", "dog", "fruit", "pets", "stars", "street"].map((name) =>
  join(import.meta.dirname, "../infimm-tiny/pictures", `${name}.png`),
);

/** Ten items of every task in the official layout, with pictures of infimm-tiny's. */
export const COUNT = 10;

const range = Array.from({ length: COUNT }, (_, i) => i);

function json(folder: string, name: string, value: unknown): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(value));
}

function picture(folder: string, name: string, i: number): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  cpSync(PICTURES[i % PICTURES.length], join(folder, name));
}

function karpathy(folder: string, file: string, root: string): void {
  const images = ["train", "test"].flatMap((split) =>
    range.map((i) => {
      const filename = `${split}${i}.jpg`;
      const filepath = root || (split === "train" ? "train2014" : "val2014");
      picture(folder, `${filepath}/${filename}`, i + (split === "test" ? 0 : 3));
      const sentences = [{ raw: ` A dog and ${i} stars. ` }, { raw: "a picture of things" }];
      return { filepath, filename, cocoid: (split === "test" ? 100 : 0) + i, split, sentences };
    }),
  );
  json(folder, file, { images });
}

function vqa(folder: string, split: string, [questions, annotations]: string[], path: (id: number) => string): void {
  for (const i of range) picture(folder, path(i + 1), i);
  const ids = range.map((i) => ({ question_id: 1000 + i, image_id: imageId(path(i + 1)) ?? i + 1 }));
  json(folder, questions, {
    questions: ids.map((one, i) => ({ ...one, question: `How many dogs are there, ${split} ${i}?` })),
  });
  json(folder, annotations, {
    annotations: ids.map((one, i) => ({
      ...one,
      question_type: "how many",
      answer_type: "number",
      answers: range.map((k) => ({ answer: k < i ? "one" : "2", answer_confidence: "yes", answer_id: k + 1 })),
    })),
  });
}

/** VizWiz's image ids are file names; TextVQA's their stems. */
function imageId(path: string): string | undefined {
  if (path.startsWith("train_images")) return path.slice("train_images/".length, -4);
  return /^(train|val)\//.exec(path) ? path.split("/")[1] : undefined;
}

const coco = (split: string) => (id: number) => `${split}/COCO_${split}_${String(id).padStart(12, "0")}.jpg`;

/** By task: writes its files into a folder. */
export const MAKERS: Readonly<Record<string, (folder: string) => void>> = {
  coco: (folder) => karpathy(folder, "dataset_coco.json", ""),
  flickr30k: (folder) => karpathy(folder, "dataset_flickr30k.json", "flickr30k-images"),
  vqav2(folder) {
    for (const split of ["train2014", "val2014"]) {
      const names = [`v2_OpenEnded_mscoco_${split}_questions.json`, `v2_mscoco_${split}_annotations.json`];
      vqa(folder, split, names, coco(split));
    }
  },
  okvqa(folder) {
    for (const split of ["train2014", "val2014"]) {
      vqa(folder, split, [`OpenEnded_mscoco_${split}_questions.json`, `mscoco_${split}_annotations.json`], coco(split));
    }
  },
  textvqa(folder) {
    for (const split of ["train", "val"]) {
      const names = [`${split}_questions_vqa_format.json`, `${split}_annotations_vqa_format.json`];
      vqa(folder, split, names, (id) => `train_images/${split}${id}.jpg`);
    }
  },
  vizwiz(folder) {
    for (const split of ["train", "val"]) {
      const names = [`${split}_questions_vqa_format.json`, `${split}_annotations_vqa_format.json`];
      vqa(folder, split, names, (id) => `${split}/VizWiz_${id}.jpg`);
    }
  },
  scienceqa(folder) {
    const problems = Object.fromEntries(
      range.map((i) => {
        picture(folder, `images/test/${i}/image.png`, i);
        const hint = i % 2 ? "Look at it." : "";
        return [
          String(i),
          {
            question: "Which is there?",
            choices: ["a dog", "a bus", "a star"],
            answer: i % 3,
            hint,
            image: "image.png",
          },
        ];
      }),
    );
    json(folder, "problems.json", { ...problems, text: { ...problems[0], image: null } });
    json(folder, "pid_splits.json", { test: [...Object.keys(problems), "text"] });
  },
  mme(folder) {
    for (const i of range.slice(0, COUNT / 2)) {
      const name = i < 2 ? "existence" : i < 4 ? "scene" : "code_reasoning";
      const apart = name === "scene";
      picture(folder, apart ? `${name}/images/${i}.jpg` : `${name}/${i}.png`, i);
      const lines = ["Is there a dog? Please answer yes or no.\tYes", "Is there a cat? Please answer yes or no.\tNo"];
      const path = join(folder, apart ? `${name}/questions_answers_YN` : name);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, `${i}.txt`), lines.join("\n"));
    }
  },
  mmvet(folder) {
    for (const i of range) picture(folder, `images/v1_${i}.png`, i);
    const items = range.map((i) => {
      const capability = i % 2 ? ["rec"] : ["ocr", "math"];
      return [`v1_${i}`, { imagename: `v1_${i}.png`, question: "What is it?", answer: "a dog<OR>dog", capability }];
    });
    json(folder, "mm-vet.json", Object.fromEntries(items));
  },
  "infimm-eval"(folder) {
    const questions = range.map((i) => {
      picture(folder, `images/${i}.png`, i);
      const images = i % 2 ? [`${i}.png`] : [`${i}.png`, `${i}.png`];
      const [reasoning_type, complexity] = [i % 3 ? "Deductive" : "Abductive", i % 2 ? "High" : "Moderate"];
      return { id: i, question: "Why?", images, reasoning_type, complexity, answer: "so", steps: ["a"] };
    });
    json(folder, "questions.json", questions);
  },
  mmbench(folder) {
    const header = "index question hint A B C D answer category image source l2-category comment split".split(" ");
    const rows = range.slice(0, COUNT / 2).map((i) => {
      const image = i === 4 ? "0" : readFileSync(PICTURES[i]).toString("base64");
      const question = i === 1 ? '"What is\nit, ""really""?"' : "What is it?";
      return [
        i,
        question,
        "nan",
        "a dog",
        "a bus",
        "",
        "",
        i % 2 ? "A" : "B",
        `c${i % 2}`,
        image,
        "made",
        "l2",
        "",
        "dev",
      ].join("\t");
    });
    writeFileSync(join(folder, "mmbench_dev.tsv"), [header.join("\t"), ...rows].join("\n"));
  },
  mmmu(folder) {
    for (const i of range) picture(folder, `pictures/${i}.png`, i);
    const lines = range.map((i) => {
      const open = i % 5 === 4;
      const more = open
        ? { question_type: "open", options: "[]", answer: "['2', 'two']" }
        : { question_type: "multiple-choice", options: `['a dog', "it's a bus", 'two\\nlines']`, answer: "A" };
      const question = "What is <image 1> here, <image 2>?";
      return {
        id: `validation_${i % 2 ? "Math" : "Art_Theory"}_${i}`,
        question,
        ...more,
        image_1: `pictures/${i}.png`,
        image_2: i % 2 ? `pictures/${i}.png` : null,
      };
    });
    writeFileSync(join(folder, "validation.jsonl"), lines.map((line) => JSON.stringify(line)).join("\n"));
  },
  gqa(folder) {
    const questions = range.map((i) => {
      picture(folder, `images/n${i}.jpg`, i);
      return [`q${i}`, { imageId: `n${i}`, question: "Is there a dog?", answer: i % 2 ? "yes" : "no" }];
    });
    json(folder, "testdev_balanced_questions.json", Object.fromEntries(questions));
  },
};
