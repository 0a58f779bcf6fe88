import { isShort, optimizerRuns } from "./optimizerSuite.ts";

optimizerRuns((steps) => !isShort(steps));
