import { conformance } from "../conformance.ts";
import { createCpuBackend } from "./cpu.ts";

conformance("cpu without its fast kernels", () => createCpuBackend({ fast: false }), { slack: 0.5 });
