/**
 * Types of the platform by the names that they have there. Where a project of the user's has none of them (TypeScript
 * before 6 knows no WebGPU, and a `lib` without DOM neither WebGPU nor WebAssembly), they are `unknown`, and
 * declarations that name them still mean something.
 */
type Platform = typeof globalThis;

export type GPUDevice = Platform extends { GPUDevice: { prototype: infer T } } ? T : unknown;
export type GPUBuffer = Platform extends { GPUBuffer: { prototype: infer T } } ? T : unknown;
export type WasmMemory = Platform extends { WebAssembly: { Memory: { prototype: infer T } } } ? T : unknown;
export type WasmModule = Platform extends { WebAssembly: { Module: { prototype: infer T } } } ? T : unknown;

type Instance<Name extends string> = Platform extends { [N in Name]: { prototype: infer T } } ? T : never;

/** What a browser can draw on a canvas, and so read the pixels of; nothing where there is no DOM. */
export type Drawable =
  | Instance<"ImageBitmap">
  | Instance<"HTMLImageElement">
  | Instance<"HTMLCanvasElement">
  | Instance<"OffscreenCanvas">
  | Instance<"VideoFrame">
  | Instance<"HTMLVideoElement">;

/** Bytes in memory that is not shared. (`Uint8Array<ArrayBuffer>` in TypeScript 5.7 and later; earlier ones know no difference.) */
export type OwnBytes = ReturnType<Uint8Array["slice"]>;
