import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const MODEL = resolve(import.meta.dirname, "../../model/infimm-tiny");
const WANTED = /^(config|tokenizer|tokenizer_config)\.json$|^model\.safetensors$|^pictures\/\w+\.png$/;

/** The shipped model's files under `infimm-tiny/`, in the built page and while developing. */
function shippedModel(): Plugin {
  const files = readdirSync(MODEL, { recursive: true, encoding: "utf8" }).filter((name) => WANTED.test(name));
  return {
    name: "infimm-tiny",
    configureServer(server) {
      server.middlewares.use("/infimm-tiny", (request, response, next) => {
        const file = request.url!.slice(1).split("?")[0];
        if (files.includes(file)) createReadStream(join(MODEL, file)).pipe(response);
        else next();
      });
    },
    generateBundle() {
      for (const file of files) {
        this.emitFile({ type: "asset", fileName: `infimm-tiny/${file}`, source: readFileSync(join(MODEL, file)) });
      }
    },
  };
}

/** The page: `npm run page` builds it into `docs/page/dist`, which any static server can show. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [shippedModel()],
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 2000 },
});
