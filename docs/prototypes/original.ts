import { InfiMM, type InfiMMConfig } from "../../index.ts";

/** Nothing changed: what the others are measured against. */
export const make = (config: InfiMMConfig) => new InfiMM(config);
