import { expect, it } from "vitest";
import { finishBuilt, jsonModule } from "./finishBuilt.ts";

it("gives each class its name, on the same line", () => {
  const built = "export class Linear extends Module {\n    weight;\n}\nclass Plain {\n}\nconst x = class {\n};\n";
  const finished = finishBuilt(built);
  expect(finished).toContain('export class Linear extends Module { static name = "Linear";\n    weight;');
  expect(finished).toContain('class Plain { static name = "Plain";\n');
  expect(finished).toContain("const x = class {\n");
  expect(finished.split("\n").length).toBe(built.split("\n").length);
});

it("imports JSON as JavaScript", () => {
  expect(finishBuilt('import a from "./a.json" with { type: "json" };')).toBe('import a from "./a.json.js";');
  expect(jsonModule('{ "a": [1, "x"] }')).toBe('export default {"a":[1,"x"]};\n');
});

it("leaves imports of the user's and their comments alone", () => {
  const built = "return await import(__rewriteRelativeImportExtension(/* webpackIgnore: true */ name));";
  expect(finishBuilt(built)).toBe("return await import(/* webpackIgnore: true */ name);");
  const helper = "var __add = (this && this.__add) || function (env) {";
  expect(finishBuilt(helper)).toBe("var __add = function (env) {");
});
