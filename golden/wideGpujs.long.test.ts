import { vi } from "vitest";
import { openBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

vi.setConfig({ testTimeout: 600_000 });
await openBackend("gpujs");
const all = ["eight_rows", "left_padded", "long"]; // generation of all of them runs on wasm: in software it takes minutes
await wide("gpujs", { forward: all, gradients: ["eight_rows"], generated: ["left_padded"] });
