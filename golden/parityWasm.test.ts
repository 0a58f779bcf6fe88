import { parity } from "./paritySuite.ts";

await parity("wasm");
