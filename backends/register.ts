import { getBackend, registerOpener } from "../tensor/backend.ts";
import "./registerOwn.ts";

/** All of ours, and gpu.js. */
registerOpener("gpujs", async () => {
  const { createGpuJsBackend } = await import("./gpujs/gpujs.ts");
  return createGpuJsBackend({ mode: "document" in globalThis ? "webgl2" : "webasm", base: getBackend("cpu") });
});
