import { openBackend } from "../tensor/index.ts";
import { realWidth } from "./realWidthSuite.ts";

await openBackend("gpujs");
realWidth("gpujs");
