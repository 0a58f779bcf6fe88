import "../../backends/register.ts";
import { type Allowances, partOfSuite, startingWith, type SuitePart } from "../../backends/conformance/cases.ts";
import { createCpuBackend } from "../../backends/cpu/cpu.ts";
import { createWebgpuBackend } from "../../backends/webgpu/webgpu.ts";
import { roundingWith } from "../../backends/wasm/rounding.fixture.ts";
import { createWasmBackend } from "../../backends/wasm/wasm.ts";
import { createGpuJsBackend } from "../../backends/gpujs/gpujs.ts";
import { parseConfig } from "../../model/config/config.ts";
import { InfiMM } from "../../model/infimm.ts";
import { convertToRgb } from "../../model/processor/pictures/convertToRgb.ts";
import { crc32 } from "../../model/processor/pictures/formats/crc32.ts";
import { type PictureSource, readPicture } from "../../model/processor/pictures/readPicture.ts";
import { Assistant } from "../../model/generate/assistant.ts";
import { WorkerAssistant } from "../../model/worker/workerAssistant.ts";
import { loadWeights } from "../../model/checkpoint/load/loadWeights.ts";
import { parseSafetensors } from "../../model/checkpoint/safetensors/parseSafetensors.ts";
import { type Backend, registerBackend } from "../../tensor/backend.ts";
import { checkCase } from "../checkCase.ts";
import { diagnose } from "../diagnose.ts";
import { parseGoldenSet } from "../set.ts";

/** What ran in the page, in numbers, and what failed, in words. */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
}

/** The backends that a page can have, by the name that tests call them. */
const BACKENDS: Readonly<Record<string, () => Promise<Backend>>> = {
  cpu: async () => createCpuBackend(),
  wasm: async () => createWasmBackend(),
  webgpu: () => createWebgpuBackend(),
  "webgpu with default limits": () => createWebgpuBackend({ defaultLimits: true }),
  "gpujs webgl2": () => createGpuJsBackend({ mode: "webgl2", base: createCpuBackend() }),
  "gpujs webgpu": async () => createGpuJsBackend({ mode: "webgpu", base: await createWebgpuBackend() }),
};

const opened = new Map<string, Promise<Backend>>();

/** A backend, made once: compiling its kernels takes longer than running them. */
function backendOf(name: string): Promise<Backend> {
  let backend = opened.get(name);
  if (!backend) opened.set(name, (backend = BACKENDS[name]()));
  return backend;
}

const ALLOWANCES: Readonly<Record<string, Allowances>> = { wasm: { rounding: roundingWith({}) } };

/** Run the conformance suite, or a part of it, except for the cases that the backend's allowances name. */
async function conformance(name: string, part: SuitePart): Promise<Outcome> {
  const allowances = ALLOWANCES[name] ?? {};
  const backend = await backendOf(name);
  const failures: string[] = [];
  let passed = 0;
  for (const { name: what, run } of partOfSuite(part, allowances)) {
    if (startingWith(allowances.except ?? {}, what) !== undefined) continue;
    try {
      await run(backend);
      passed++;
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { passed, failures };
}

/** Check a golden set that the server has. */
async function golden(name: string, folder: string, only?: string): Promise<Outcome> {
  const bytes = async (file: string) => (await fetch(`${folder}/${file}`)).arrayBuffer();
  const json = async (file: string) => (await fetch(`${folder}/${file}`)).json();
  const backend = await backendOf(name);
  registerBackend(backend);
  const set = parseGoldenSet(await json("golden.json"), await bytes("golden.safetensors"), folder);
  const model = new InfiMM(parseConfig(await json("config.json"), `${folder}/config.json`));
  await loadWeights(model, parseSafetensors(await bytes("model.safetensors"), folder), { backend });
  const checks = [];
  for (const one of set.cases) {
    if (only === undefined || one.name === only) checks.push(...(await checkCase(model, set, one, backend.name)));
  }
  model.dispose();
  const failed = checks.filter((check) => !check.passed);
  return { passed: checks.length - failed.length, failures: failed.length > 0 ? [String(diagnose(checks)?.text)] : [] };
}

/** Pictures of every kind that the server has, read by their address: Pillow's bytes, as in Node. */
async function pictures(folder: string): Promise<Outcome> {
  const { cases } = await (await fetch(`${folder}/pictures.json`)).json();
  const failures: string[] = [];
  for (const { file, mode, size, crc32: expected } of cases) {
    const image = await readPicture(`${folder}/${file}`);
    const rgb = crc32(convertToRgb(image).data).toString(16).padStart(8, "0");
    const isExact = rgb === expected || mode === "CMYK"; // which is near: docs/pictures.md
    if (!isExact || image.width !== size[0] || image.height !== size[1]) failures.push(file);
  }
  return { passed: cases.length - failures.length, failures };
}

/** Everything that a page can draw, of one opaque picture: the pixels that reading its file gives; and what has none. */
async function drawn(address: string): Promise<Outcome> {
  const expected = convertToRgb(await readPicture(address));
  const { width, height } = expected;
  const blob = await (await fetch(address)).blob();
  const bitmap = await createImageBitmap(blob);
  const element = (src: string) => Object.assign(new Image(), { src });
  const drawnOn = <C extends HTMLCanvasElement | OffscreenCanvas>(canvas: C) => {
    (canvas.getContext("2d") as CanvasRenderingContext2D).drawImage(bitmap, 0, 0);
    return canvas;
  };
  const frame = new VideoFrame(bitmap, { timestamp: 0 });
  const sources: Record<string, PictureSource> = {
    ImageBitmap: bitmap,
    "an image element that is still loading": element(address),
    "an image element": await loaded(element(address)),
    OffscreenCanvas: drawnOn(new OffscreenCanvas(width, height)),
    canvas: drawnOn(Object.assign(document.createElement("canvas"), { width, height })),
    VideoFrame: frame,
  };
  const failures: string[] = [];
  for (const [name, source] of Object.entries(sources)) {
    const found = convertToRgb(await readPicture(source));
    const equal = found.width === width && found.height === height && crc32(found.data) === crc32(expected.data);
    if (!equal) failures.push(name);
  }
  frame.close();
  const closed = await createImageBitmap(blob);
  closed.close();
  const refused: Record<string, PictureSource> = {
    "the ImageBitmap has no pixels": closed,
    "the HTMLImageElement has no pixels": element("data:image/png;base64,AAAA"),
    "the HTMLVideoElement has no pixels": document.createElement("video"),
    "is more than the limit of 9;": bitmap,
  };
  for (const [message, source] of Object.entries(refused)) {
    const said = await readPicture(source, source === bitmap ? { maxPixels: 9 } : {}).then(() => "nothing", String);
    if (!said.includes(message)) failures.push(`${message}: ${said}`);
  }
  return { passed: Object.keys({ ...sources, ...refused }).length - failures.length, failures };
}

async function loaded(image: HTMLImageElement): Promise<HTMLImageElement> {
  await image.decode();
  return image;
}

/** An assistant in a worker beside one in the page: addresses are the page's, and what is drawn crosses as pixels. */
async function inWorker(model: string, picture: string): Promise<Outcome> {
  const worker = new Worker(new URL("./assistant.worker.ts", import.meta.url), { type: "module" });
  using inside = await WorkerAssistant.fromPretrained(worker, model, { backend: "wasm" });
  using outside = await Assistant.fromPretrained(model, { backend: "wasm" });
  const element = Object.assign(new Image(), { src: picture });
  const failures: string[] = [];
  const sources: PictureSource[] = [picture, new URL(picture, location.href), element];
  for (const [i, source] of sources.entries()) {
    const [here, there] = await Promise.all(
      [inside, outside].map(async (assistant) => {
        let text = "";
        for await (const piece of assistant.ask("What is this?", source)) text += piece;
        return text;
      }),
    );
    if (here !== there || here === "") failures.push(`${i}: "${here}" instead of "${there}"`);
  }
  return { passed: sources.length - failures.length, failures };
}

/** What the test calls in the page. */
export const checks = { conformance, golden, pictures, drawn, inWorker };
Object.assign(globalThis, { checks });
