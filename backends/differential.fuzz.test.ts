import { differential } from "./conformance/differential.fixture.ts";

await differential(1);
