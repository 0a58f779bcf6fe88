import { isShort, optimizerRuns } from "./optimizerSuite.ts";

optimizerRuns(isShort);
