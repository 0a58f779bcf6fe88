/** What the card says of each model, by task and shots: the metric that it gives, and the number as printed. */
export interface CardNumber {
  readonly model: string;
  readonly task: string;
  /** Of the pretraining table; null: the table of chat models. */
  readonly shots: 0 | 4 | null;
  readonly metric: string;
  readonly value: number;
  readonly remark?: string;
}

const PRETRAINED = ["coco CIDEr", "flickr30k CIDEr", "vqav2 accuracy", "textvqa accuracy", "okvqa accuracy"];
const SHOTS: Readonly<Record<string, readonly (readonly [zero: number, four: number])[]>> = {
  "IDEFICS-9B": [
    [46, 93],
    [27.3, 59.7],
    [50.9, 55.4],
    [25.9, 27.6],
    [38.4, 45.5],
  ],
  "IDEFICS-80B": [
    [91.8, 110.3],
    [53.7, 73.7],
    [60, 64.6],
    [30.9, 34.4],
    [45.2, 52.4],
  ],
  "InfiMM-Zephyr-7B": [
    [78.8, 108.6],
    [60.7, 71.9],
    [33.7, 59.1],
    [15.2, 34.3],
    [17.1, 50.5],
  ],
  "InfiMM-Llama2-13B": [
    [85.4, 125.2],
    [54.6, 87.1],
    [51.6, 66.1],
    [24.2, 38.2],
    [26.4, 55.5],
  ],
  "InfiMM-Vicuna13B": [
    [69.6, 118.1],
    [49.6, 81.4],
    [60.4, 64.2],
    [32.8, 38.4],
    [49.2, 53.7],
  ],
};

const CHAT = [
  "scienceqa accuracy",
  "mme perception",
  "mme cognition",
  "mmvet total",
  "infimm-eval overall",
  "mmbench circular",
  "mmmu accuracy",
];
const SWAPPED = "the card prints InfiMM-Eval and MMMU the other way round for this model";
const FRACTION = "printed as 0.4559/0.414";
const WHICH = "the card does not say whether circular or vanilla";
const CHAT_NUMBERS: Readonly<Record<string, readonly (number | null | readonly [number, string])[]>> = {
  "Otter-9B": [null, 1292, 306, 24.6, [22.69, SWAPPED], null, [32.2, SWAPPED]],
  "IDEFICS-9B-Instruct": [60.6, null, null, null, [24.53, SWAPPED], null, null],
  "InfiMM-Zephyr-7B": [71.1, 1406, 327, 32.8, 36.0, [59.7, WHICH], 39.4],
  "InfiMM-Llama-13b": [73.0, 1444.5, 337.6, 39.2, [45.59, FRACTION], [66.4, WHICH], 39.1],
  "InfiMM-Vicuna-13B": [74.0, 1461.2, 323.5, 36.0, 40.0, [66.7, WHICH], 37.6],
};

function numberOf(model: string, name: string, shots: 0 | 4 | null, value: number, remark?: string): CardNumber {
  const [task, metric] = name.split(" ");
  return { model, task, metric, shots, value, ...(remark ? { remark } : {}) };
}

/** The card's two tables, as corrected where they contradict the authors' other pages. */
export const CARD: readonly CardNumber[] = [
  ...Object.entries(SHOTS).flatMap(([model, rows]) =>
    rows.flatMap(([zero, four], i) => [
      numberOf(model, PRETRAINED[i], 0, zero),
      numberOf(model, PRETRAINED[i], 4, four),
    ]),
  ),
  ...Object.entries(CHAT_NUMBERS).flatMap(([model, row]) =>
    row.flatMap((cell, i) => {
      if (cell === null) return [];
      const [value, remark] = typeof cell === "number" ? [cell] : cell;
      return [numberOf(model, CHAT[i], null, value, remark)];
    }),
  ),
];
