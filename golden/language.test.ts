import { languageParity } from "./languageSuite.ts";

await languageParity("cpu");
await languageParity("wasm");
