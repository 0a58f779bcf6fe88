import { openBackend } from "../tensor/index.ts";
import { parity, soon } from "./paritySuite.ts";

await openBackend("gpujs");
await parity("gpujs", { sets: (folder) => !soon(folder) });
