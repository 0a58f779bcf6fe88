import { conformance } from "../conformance.ts";
import { createCpuBackend } from "./cpu.ts";

// Sums run in doubles, so that half of what f32 is allowed is plenty.
conformance("cpu", createCpuBackend, { slack: 0.5 });
