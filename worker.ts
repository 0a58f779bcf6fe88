/**
 * infimm/worker: an assistant that lives in a worker, for whoever starts that worker. No backend comes with it.
 *
 *     const worker = new Worker(new URL("./assistant.worker.js", import.meta.url), { type: "module" });
 *     const assistant = await WorkerAssistant.fromPretrained(worker, "https://…/infimm-tiny");
 *
 * The worker's own file is one line: `import "infimm/worker/serve";`.
 */
export * from "./core/errors.ts";
export { type AnyWorker, WorkerAssistant } from "./model/worker/workerAssistant.ts";
// what the signatures above name
export type { PretrainedOptions } from "./model/checkpoint/checkpoint.ts";
export type { AnswerEnd, AnswerLogprob, AnswerOptions, NamedLogprob } from "./model/generate/answerOptions.ts";
export { Chat, type Replier } from "./model/generate/chat.ts";
export type { PictureSource } from "./model/processor/pictures/readPicture.ts";
export type { UnreadInput } from "./model/processor/pictures/readPictures.ts";
