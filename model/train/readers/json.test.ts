import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { jsonElements } from "./json.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-json-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file.json");

async function elements(text: string | Uint8Array, name?: string): Promise<[string, unknown][]> {
  writeFileSync(path, text);
  const found: [string, unknown][] = [];
  for await (const { key, value } of jsonElements(path, name)) found.push([key, value]);
  return found;
}

test("elements of any JSON are what JSON.parse gives, whatever stands between them", async () => {
  const container = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));
  await fc.assert(
    fc.asyncProperty(container, fc.constantFrom(0, 1, "\t"), fc.boolean(), async (value, indent, nested) => {
      const given = JSON.parse(JSON.stringify(value));
      const whole = nested
        ? { kind: "data", info: { data: [1], x: "data" }, title: "a, b: c", data: given, other: [{ data: [2] }] }
        : given;
      const text = JSON.stringify(whole, null, indent as string);
      const wanted = Object.entries(nested ? JSON.parse(text).data : JSON.parse(text));
      expect(await elements(text, nested ? "data" : undefined)).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
});

test("elements may lie across the pieces in which the file is read", async () => {
  const long = 'é{[\\"'.repeat(300_000);
  const value = [{ long }, 1, { long: [long] }, "x"];
  expect(await elements(JSON.stringify(value))).toEqual(Object.entries(value));
});

test("an element knows in which line it begins", async () => {
  writeFileSync(path, '[\n1, {"a":\n "b\\nc"},\n\n3]');
  const lines: number[] = [];
  for await (const { line } of jsonElements(path)) lines.push(line);
  expect(lines).toEqual([2, 2, 5]);
});

test("what is no JSON, cut off, or without the list is refused, naming the file", async () => {
  await expect(elements("hello")).rejects.toThrow(`${path} is not the JSON that was expected: it does not begin with`);
  await expect(elements('[{"a": 1}, {"a"')).rejects.toThrow("it ends in the middle; was it downloaded in part?");
  await expect(elements("")).rejects.toThrow("it is empty");
  await expect(elements('{"images": []}', "annotations")).rejects.toThrow("no list or object under annotations");
  await expect(elements("[1,\n nul]")).rejects.toThrow(`${path}, line 2: element 1 is not JSON: nul`);
  await expect(elements("[1,\n2,\n{")).rejects.toThrow("It has 2 whole records (line 3)");
  await expect(jsonElements(join(folder, "none.json")).next()).rejects.toThrow("data file not found: there is no file");
  await expect(jsonElements(folder).next()).rejects.toThrow("expected a data file, but");
});
