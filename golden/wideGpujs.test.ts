import { openBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

// the rest is slow (wideGpujs.long.test.ts)
await openBackend("gpujs");
await wide("gpujs", { firstRow: ["eight_rows"] });
