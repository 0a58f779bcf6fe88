/** Asked about each picture of a trained model, to see which answers a change of its numbers makes others. */
export const QUESTIONS: readonly string[] = [
  "Please describe the image.",
  "What is in the picture?",
  "How many things are there?",
  "What colour is the background?",
  "What is on the left?",
];
