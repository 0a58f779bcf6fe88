import { rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Plugin, build as viteBuild } from "vite";
import { shapeComments } from "../../nn/shapeComments/transform.ts";

/** The workers run on wasm, or on cpu where there is none. WebGPU, which they never open, is not built into them. */
const withoutWebgpu: Plugin = {
  name: "without-webgpu",
  enforce: "pre",
  load: (id) =>
    /\/backends\/webgpu\/webgpu\.ts$/.test(id)
      ? 'export const createWebgpuBackend = () => { throw new Error("There is no WebGPU in this worker: it runs on wasm."); };'
      : null,
}; // biome-ignore format: lines

/** The page of `docs/page`, with the model and the codecs that the others have. */
export async function chatPage(folder: string): Promise<void> {
  await viteBuild({
    configFile: false,
    root: resolve("docs"),
    base: "./",
    logLevel: "error",
    plugins: [{ name: "model-of-the-site", transformIndexHtml: (text) => text.replace("<html", '<html data-model="../infimm-tiny"') }],
    build: {
      outDir: resolve(folder),
      emptyOutDir: false,
      assetsDir: "scripts",
      target: "es2022",
      chunkSizeWarningLimit: 2000,
      rolldownOptions: { input: resolve("docs/page/index.html") },
    },
  }); // biome-ignore format: lines
  await rename(join(folder, "page"), join(folder, "play"));
}

/** The scripts of the pages, and the worker with the model's code, whose lines can be watched as they run. */
export async function scripts(folder: string): Promise<void> {
  const output = { entryFileNames: "site.js", chunkFileNames: "scripts/[name]-[hash].js", assetFileNames: "scripts/[name]-[hash][extname]" }; // biome-ignore format: one line
  await viteBuild({
    configFile: false,
    root: import.meta.dirname,
    base: "./",
    logLevel: "error",
    plugins: [shapeComments()],
    worker: {
      format: "es",
      plugins: () => [shapeComments(), withoutWebgpu],
      rolldownOptions: { output: { ...output, entryFileNames: "scripts/[name]-[hash].js" } },
    },
    build: {
      outDir: resolve(folder),
      emptyOutDir: false,
      target: "es2022",
      chunkSizeWarningLimit: 2000,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: resolve(import.meta.dirname, "client/site.tsx"), output },
    },
  });
}
