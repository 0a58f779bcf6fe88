import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { build } from "vite";
import { afterAll, expect, it } from "vitest";
import { defineExpression } from "../../../core/expr.ts";
import { type Operand, permuted } from "../../../core/operand.ts";
import { quantize } from "../../../core/quantized.ts";
import { signedStream } from "../../../core/random.ts";
import { contiguousStrides, sizeOf } from "../../../core/shape.ts";
import { createWasmBackend, type WasmBackend } from "../wasm.ts";

const sums = defineExpression("threadsSums(a, b, c, d) = a * b + c * d").body;
const gelu = defineExpression("threadsGelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))").body;

/** The bytes of everything that is shared among threads, on sizes that no number of threads divides. */
function results(backend: WasmBackend): Buffer[] {
  const made: Buffer[] = [];
  const place = (shape: number[]): Operand => {
    const values = Float32Array.from(signedStream(String(shape), 4093));
    const all = Float32Array.from({ length: sizeOf(shape) }, (_, i) => values[i % 4093]);
    const buffer = backend.alloc(all.byteLength);
    backend.write(buffer, all);
    return { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
  };
  const keep = (shape: number[], run: (out: Operand) => void) => {
    const out = place(shape);
    run(out);
    made.push(Buffer.from(backend.readSync!(out.buffer, 0, out.buffer.byteLength)));
    backend.free(out.buffer);
  };
  const quantized = (dtype: "q8" | "q4"): Operand => {
    const bytes = quantize(dtype, Float32Array.from(signedStream(dtype, 5003 * 288)));
    const buffer = backend.alloc(bytes.byteLength);
    backend.write(buffer, bytes);
    return { buffer, dtype, shape: [5003, 288], strides: [288, 1], offset: 0 };
  };
  const [a, b, x] = [place([217, 301]), place([301, 175]), place([611, 301])];
  const [q, k] = [place([1, 5, 211, 24]), place([1, 5, 307, 24])];
  const { fused } = backend;
  keep([217, 175], (out) => backend.matmul(a, b, out));
  keep([217, 611], (out) => fused.linear!(a, x, null, out));
  keep([1, 611], (out) => fused.linear!({ ...a, shape: [1, 301] }, x, null, out));
  for (const [rows, dtype] of [[1, "q8"], [1, "q4"], [3, "q4"], [9, "q4"]] as const) {
    keep([rows, 5003], (out) => fused.quantizedLinear!({ ...a, shape: [rows, 288] }, quantized(dtype), null, out));
  } // biome-ignore format: a table
  keep([611, 301], (out) => backend.map(gelu, [x], out));
  const cube = place([14, 14, 14, 14]); // in five orders of dims that do not merge: a task of 29 arguments
  const turned = [[3, 1, 0, 2], [0, 2, 1, 3], [1, 0, 3, 2], [2, 0, 1, 3]].map((order) => permuted(cube, order)); // biome-ignore format: one line
  keep([14, 14, 14, 14], (out) => backend.map(sums, turned, out));
  keep([611, 301], (out) => fused.softmax!(x, out));
  keep([611, 1], (out) => backend.reduce("sum", x, [1], out));
  keep([1, 301], (out) => backend.reduce("sum", x, [0], out));
  keep([1, 5, 211, 24], (out) => fused.attention!(q, k, k, null, 0.2, out));
  return made;
}

it("gives the same bits with 1, 2 and 3 threads", async () => {
  const expected = results(createWasmBackend({ threads: 1 }));
  for (const threads of [2, 3]) {
    const backend = createWasmBackend({ threads });
    for (let tries = 0; backend.pool.helped < 20; tries++) {
      results(backend).forEach((bytes, i) => {
        expect(bytes.equals(expected[i]), `result ${i} with ${threads} threads`).toBe(true);
      });
      await new Promise((done) => setTimeout(done, 10)); // workers are starting
      expect(tries, "no worker has ever taken a task").toBeLessThan(1000);
    }
    backend.pool.stop();
  }
});

it("where a worker is lost, one thread does it all", async () => {
  const expected = results(createWasmBackend({ threads: 1 }));
  const backend = createWasmBackend({ threads: 3 });
  for (let tries = 0; backend.pool.helped === 0 && tries < 1000; tries++) {
    results(backend);
    await new Promise((done) => setTimeout(done, 10)); // workers are starting
  }
  backend.pool["lose"](); // as a browser tells it
  const before = backend.pool.helped;
  expect(results(backend)).toEqual(expected);
  expect([backend.pool.size, backend.pool.helped]).toEqual([1, before]);
});

const folder = mkdtempSync(join(tmpdir(), "infimm-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that shares work until a thread has helped, and then ends in one of two ways. */
const program = (path: string) => `
import { createWasmBackend } from ${JSON.stringify(path)};
const backend = createWasmBackend({ threads: 2 });
const [n, shape] = [4 * 300 * 300, [300, 300]];
const [x, out] = [0, 1].map(() => ({ buffer: backend.alloc(n), dtype: "f32", shape, strides: [300, 1], offset: 0 }));
const ones = new Float32Array(300 * 300).fill(1);
backend.write(x.buffer, ones);
while (backend.pool.helped < 5) {
  backend.matmul(x, x, out);
  await new Promise((done) => setTimeout(done, 2));
}
console.log(new Float32Array(backend.readSync(out.buffer, 0, n)).every((v) => v === 300));
if (process.argv[2] === "exit") process.exit(0);
`;

/** What \`node file\` prints, for both ways of ending. */
function run(file: string, ...flags: string[]): void {
  for (const ending of ["return", "exit"]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, file, ending], { encoding: "utf8", timeout: 60_000 }); // biome-ignore format: one line
    expect({ stdout, stderr, status }).toEqual({ stdout: "true\n", stderr: "", status: 0 });
  }
}

it("threads run from TypeScript sources, and end with the process", () => {
  const file = join(folder, "fromSources.mts");
  writeFileSync(file, program(resolve("backends/wasm/wasm.ts")));
  run(file, "--import", "tsx");
});

it("threads run from what tsc makes of them", () => {
  const { ES2022: target } = ts.ScriptTarget;
  const { ESNext: module } = ts.ModuleKind;
  const compilerOptions = { target, module, rewriteRelativeImportExtensions: true, verbatimModuleSyntax: true };
  const outDir = join(folder, "dist");
  for (const part of ["core", "tensor", "backends/cpu", "backends/wasm"]) {
    for (const name of readdirSync(part, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".ts"),
    )) {
      const to = join(outDir, part, name.replace(/ts$/, "js"));
      mkdirSync(dirname(to), { recursive: true });
      const source = readFileSync(join(part, name), "utf8");
      writeFileSync(to, ts.transpileModule(source, { compilerOptions }).outputText);
    }
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const file = join(folder, "compiled.js");
  writeFileSync(file, program(join(outDir, "backends/wasm/wasm.js")));
  run(file);
});

it("threads run from a minified bundle", async () => {
  const entry = join(folder, "entry.js");
  writeFileSync(entry, `export { createWasmBackend } from ${JSON.stringify(resolve("backends/wasm/wasm.ts"))};`);
  await build({
    configFile: false,
    root: folder,
    logLevel: "error",
    build: { lib: { entry, formats: ["es"], fileName: "bundle" }, outDir: join(folder, "bundled"), minify: true, target: "es2022" }, // biome-ignore format: one line
  });
  const file = join(folder, "fromBundle.mjs");
  writeFileSync(file, program(join(folder, "bundled/bundle.js")));
  run(file);
});
