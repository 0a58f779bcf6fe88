import { cpuUsage, resourceUsage } from "node:process";
import "../backends/register.ts";
import { readLimit } from "../backends/bench/limits.ts";
import { Assistant } from "../model/generate/assistant.ts";
import { readPicture } from "../model/processor/pictures/readPicture.ts";
import { byteLengthOf } from "../core/dtype.ts";
import { compute, openBackend, zeros } from "../tensor/index.ts";
import { byteProgress } from "./progressLine.ts";

/**
 * What a large model costs here: time to load, to the first token, a token; memory; and the share of what the memory
 * can be read with that decoding reaches. docs/quantization.md has its figures.
 *
 *     npx tsx bin/realSize.ts <checkpoint folder> <picture> [tokens] [backend]
 */
const [folder, picture, count = "16", name = "wasm"] = process.argv.slice(2);
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1);
const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
/** Where the kernel has it, the peak; in bytes. */
const peak = () => resourceUsage().maxRSS * 1024;
/** What all threads together have computed so far, in seconds: on a busy machine it says more than the clock. */
const computed = () => (cpuUsage().user + cpuUsage().system) / 1e6;

let start = performance.now();
const progress = byteProgress("loading");
const assistant = await Assistant.fromPretrained(folder, {
  backend: await openBackend(name),
  onProgress: progress.show,
});
progress.end();
console.log(`loaded in ${seconds(start)} s (${computed().toFixed(1)} s of CPU), peak ${gigabytes(peak())} GB`);

const { model } = assistant;
const image = await readPicture(picture);
const { image_size } = model.config.visual;
const pixels = zeros([1, 3, image_size, image_size], "f32", model.backend).add(0.5);
const before = computed();
start = performance.now();
await compute(() => model.model.vision_encoder.call(pixels));
console.log(
  `the image tower alone, ${image_size} x ${image_size}: ${seconds(start)} s (${(computed() - before).toFixed(1)} s of CPU)`,
);
start = performance.now();
const times: number[] = [];
const busy: number[] = [computed()];
let text = "";
for await (const piece of assistant.ask("What is in the picture?", [image], { maxNewTokens: Number(count) })) {
  times.push(performance.now());
  busy.push(computed());
  text += piece;
}
console.log(`> ${text}`);
const first = (times[0] - start) / 1000;
const steps = times
  .slice(1)
  .map((time, i) => time - times[i])
  .sort((a, b) => a - b);
const [fastest, median] = [steps[0] / 1000, steps[steps.length >> 1] / 1000];

// What a token reads: the language model, without the rows of embed_tokens and the projections of pictures, which are cached
let read = 0;
for (const [path, { dtype, size }] of model.stateDict()) {
  if (path.startsWith("model.lang_encoder") && !/embed_tokens|to_kv/.test(path)) read += byteLengthOf(dtype, size);
}
const limit = readLimit(2);
let bandwidth = 0; // the best of several, as any other one was disturbed
for (let i = 0; i < 10; i++) {
  const begun = performance.now();
  limit.run();
  bandwidth = Math.max(bandwidth, (1000 * limit.amount) / (performance.now() - begun));
}
const rate = read / median;
console.log(`first token after ${first.toFixed(1)} s (picture, prompt; ${(busy[1] - busy[0]).toFixed(1)} s of CPU), then ${(1 / median).toFixed(2)} tokens/s (fastest ${(1 / fastest).toFixed(2)}; ${((busy[busy.length - 1] - busy[1]) / steps.length).toFixed(2)} s of CPU each), peak ${gigabytes(peak())} GB
${gigabytes(read)} GB of weights a token: ${gigabytes(rate)} GB/s, fastest ${gigabytes(read / fastest)} GB/s; memory can be read with ${gigabytes(bandwidth)} GB/s: ${((100 * rate) / bandwidth).toFixed(0)} %, fastest ${((100 * read) / fastest / bandwidth).toFixed(0)} %`);
process.exit(0);
