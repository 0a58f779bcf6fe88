import * as allPictures from "./all-pictures.ts";
import * as everyLayer from "./every-layer.ts";
import * as languageModel from "./language-model.ts";
import * as lora from "./lora.ts";
import * as mlp from "./mlp.ts";
import * as newToken from "./new-token.ts";
import * as noGates from "./no-gates.ts";
import * as original from "./original.ts";
import * as qFormer from "./q-former.ts";
import type { Prototype } from "./prepared.ts";
import * as vectorGates from "./vector-gates.ts";

/** By the names of their pages, in their order; what the others are measured against comes first. */
export const PROTOTYPES: Readonly<Record<string, Prototype>> = {
  original,
  mlp,
  "vector-gates": vectorGates,
  "no-gates": noGates,
  "every-layer": everyLayer,
  "all-pictures": allPictures,
  "q-former": qFormer,
  lora,
  "language-model": languageModel,
  "new-token": newToken,
};
