import { realWidth } from "./realWidthSuite.ts";

realWidth("wasm");
realWidth("cpu");
