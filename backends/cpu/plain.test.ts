import { conformance } from "../conformance.ts";
import { createCpuBackend } from "./cpu.ts";
import { plainKernels } from "./plainKernels.ts";

conformance("cpu without its fast kernels", () => createCpuBackend({ kernels: plainKernels }), { slack: 0.5 });
