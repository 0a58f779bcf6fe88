import { readdirSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { expect, it } from "vitest";

/**
 * Elementwise ops are known by the names in their lines, to later lines. A bundler that drops what nobody uses must leave
 * each file the ones that its lines speak of: each is bundled alone, as `sideEffects` of package.json allows, and run.
 */
it("every file of ops runs alone in a bundle", async () => {
  const files = readdirSync("tensor/ops").filter(
    (name) => name.endsWith(".ts") && !/\.(test|fixture|long)\./.test(name),
  );
  expect(files.length).toBeGreaterThan(30);
  for (const file of files) {
    const { outputFiles } = await build({
      stdin: {
        contents: `import * as ops from "./tensor/ops/${file}"; export { ops };`,
        resolveDir: ".",
        loader: "ts",
      },
      bundle: true,
      format: "esm",
      write: false,
      logLevel: "error",
    });
    const { ops } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`).catch((cause) => {
      throw new Error(`tensor/ops/${file} in a bundle of its own: ${cause.message}`);
    });
    expect(Object.keys(ops).length).toBeGreaterThan(0);
  }
});

it("what package.json maps for browsers is there", () => {
  const { browser } = JSON.parse(readFileSync("package.json", "utf8"));
  const sources = Object.entries<string | false>(browser).filter(([from]) => from.endsWith(".ts"));
  expect(sources.length * 2).toBe(Object.keys(browser).length); // each in dist, too
  for (const [from, to] of sources) for (const path of [from, to || from]) readFileSync(path);
});

it("a bundle for browsers finds all that it needs, and nothing of Node", async () => {
  const { metafile } = await build({
    entryPoints: ["index.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  expect(Object.keys(metafile.inputs).length).toBeGreaterThan(300);
});
