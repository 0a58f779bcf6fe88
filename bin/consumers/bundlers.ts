import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { serve } from "../../golden/browser/serve.ts";
import { PAGE_APP, SERVER_APP } from "./apps.ts";
import { checkAnswer } from "./checkAnswer.ts";
import { resultInPage } from "./inPage.ts";
import type { Consumer, Project } from "./project.ts";

/** A bundler's build as a script of the project's, with the bundler's own API and no settings but in, out and where to. */
interface Bundler {
  readonly name: string;
  readonly packages: readonly string[];
  /** JavaScript that builds `entry` into the folder `out`, for browsers or for Node; the entry's bundle is main.js. */
  readonly build: string;
  /** The platforms, as `build` knows them. Default: both. */
  readonly platforms?: readonly ("browser" | "node")[];
}

const ESBUILD = `import { build } from "esbuild";
await build({ entryPoints: { main: entry }, outdir: out, bundle: true, minify: true, format: "esm", splitting: true, platform });`;

/** webpack's and rspack's, which are the same. A warning is a failure, but of optional peers that are not installed. */
const webpack = (name: string) => `import bundler from "${name}";
import { resolve } from "node:path";
const isNode = platform === "node";
const stats = await new Promise((done, fail) => (bundler.default ?? bundler.rspack ?? bundler)({
  mode: "production", entry: { main: "./" + entry }, target: isNode ? "node" : "web",
  output: { path: resolve(out), filename: "[name].js", ...(isNode ? { module: true, chunkFormat: "module" } : {}) },
  ...(isNode ? { experiments: { outputModule: true } } : {}), performance: { hints: false },
}, (error, result) => (error ? fail(error) : done(result))));
const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
const absent = /resolve '(gpu\\.js|@jsquash\\/jpeg\\/.*|hyparquet|write-excel-file\\/node)'/;
const wrong = [...errors, ...warnings.filter(({ message }) => !absent.test(message))];
if (wrong.length > 0) throw new Error(wrong.map(({ moduleName, message }) => moduleName + ": " + message).join("\\n"));`;

const ROLLUP = `import { rollup } from "rollup";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import commonjs from "@rollup/plugin-commonjs";
const bundle = await rollup({ input: { main: entry }, plugins: [nodeResolve({ browser: platform === "browser", preferBuiltins: platform === "node" }), commonjs()] });
await bundle.write({ dir: out, format: "es", entryFileNames: "[name].js" });`;

const VITE = `import { build } from "vite";
await build({ configFile: false, logLevel: "warn", publicDir: false, build: { outDir: out, emptyOutDir: true, rollupOptions: { input: { main: entry }, output: { entryFileNames: "[name].js" } }, ...(platform === "node" ? { ssr: true, target: "node20" } : {}) }, ...(platform === "node" ? { ssr: { noExternal: true } } : {}) });`;

const BUNDLERS: readonly Bundler[] = [
  { name: "esbuild", packages: ["esbuild@0.28.2"], build: ESBUILD },
  { name: "webpack", packages: ["webpack@5.113.0"], build: webpack("webpack") },
  { name: "rspack", packages: ["@rspack/core@2.3.3"], build: webpack("@rspack/core") },
  {
    name: "Rollup",
    packages: ["rollup@4.68.8", "@rollup/plugin-node-resolve@16.0.3", "@rollup/plugin-commonjs@29.0.3"],
    build: ROLLUP,
  },
  { name: "Vite", packages: ["vite@8.3.8"], build: VITE },
];

function consumer({ name, packages, build }: Bundler, platform: "browser" | "node"): Consumer {
  return {
    name: `${name}, ${platform}`,
    packages,
    async run(project) {
      const [entry, out] = [`${platform}-app.mjs`, `out-${name.toLowerCase()}-${platform}`];
      rmSync(project.path(out), { recursive: true, force: true });
      project.write(entry, platform === "browser" ? PAGE_APP : SERVER_APP);
      const given = `const [entry, out, platform] = ${JSON.stringify([entry, out, platform])};\n`;
      const script = `build-${name.toLowerCase()}-${platform}.mjs`;
      project.write(script, given + build);
      project.exec("node", script);
      return platform === "node" ? runInNode(project, out) : runInPage(project, out);
    },
  };
}

/** Beside no node_modules of its own, the bundle must have all in it: but codecs in WebAssembly, which it finds there. */
function runInNode(project: Project, out: string): string {
  project.write(`${out}/package.json`, '{ "type": "module" }\n');
  return checkAnswer(project.exec("node", `${out}/main.js`));
}

async function runInPage(project: Project, out: string): Promise<string> {
  project.write(`${out}/index.html`, '<!doctype html><script type="module" src="/main.js"></script>\n');
  const served = await serve({ "": project.path(out), model: project.path("public/model") }, false);
  try {
    return `${await resultInPage(served.url)} ${sizeText(project.path(out))}`;
  } finally {
    await served.close();
  }
}

/** How large the entry's own file is, gzipped; chunks come on top, as far as they are loaded. */
function sizeText(folder: string): string {
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  const kilobytes = (names: string[]) =>
    (names.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0) / 1000).toFixed(0);
  return `(${kilobytes(["main.js"])} KB gzipped in the entry, ${kilobytes(scripts)} in all ${scripts.length} files)`;
}

export const BUNDLED: readonly Consumer[] = BUNDLERS.flatMap((bundler) =>
  (bundler.platforms ?? (["browser", "node"] as const)).map((platform) => consumer(bundler, platform)),
);
