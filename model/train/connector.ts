export { connectorWeightDecay } from "./decay.ts";
export { connectorParameters } from "./freeze.ts";
