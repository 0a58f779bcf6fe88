import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { expect, it } from "vitest";

/** Gzipped bytes that a page loads before it does anything: the bundle of `code` and its chunks, without lazy ones. */
async function firstLoad(code: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: ".", loader: "ts" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    outdir: "out",
    write: false,
    metafile: true,
    external: ["node:*", "gpu.js", "yauzl", "webgpu", "@jsquash/*"],
    logLevel: "error",
  });
  const names = loadedAtOnce(metafile.outputs);
  const loaded = outputFiles.filter(({ path }) => names.some((name) => path.endsWith(`/${name}`)));
  expect(loaded.length).toBe(names.length);
  return loaded.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
}

/** The entry's file, and what it imports at once. */
function loadedAtOnce(outputs: Metafile["outputs"]): string[] {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const { kind, path } of outputs[name].imports) if (kind === "import-statement" && path in outputs) visit(path);
  };
  visit(Object.keys(outputs).find((name) => outputs[name].entryPoint === "<stdin>")!);
  return [...seen];
}

// kilobytes; what comes when it is needed: WebGPU, gpu.js, decoders of pictures, Jinja, the tokenizer library
it.each([
  ["tensors", 'export { tensor } from "./core.ts"', 60],
  ["an assistant in a worker", 'export { WorkerAssistant } from "./worker.ts"', 12, 3],
  ["an assistant", 'export { Assistant } from "./index.ts"', 100],
  ["an assistant of the browser's entry", 'export { Assistant } from "./browser.ts"', 100],
])("the first load of %s is small", async (_, code, kilobytes, least = 20) => {
  const bytes = await firstLoad(code);
  expect(bytes / 1000).toBeLessThan(kilobytes);
  expect(bytes / 1000).toBeGreaterThan(least); // it has the backends in it
});
