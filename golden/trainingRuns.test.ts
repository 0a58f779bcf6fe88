import "../backends/register.ts";
import { trainingRuns } from "./trainingSuite.ts";

trainingRuns("wasm");
trainingRuns("cpu", ["clip-each-micro-step", "hd-stage-1"]); // all of them, and webgpu: trainingRuns.long.test.ts
