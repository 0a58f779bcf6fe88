import { FileFormatError } from "../../core/errors.ts";
import { BEGINNING_BYTES, whatIsIt } from "./whatIsIt.ts";

/** The object that a JSON file holds; `name` is what messages call the file. */
export function parseJson(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const what = whatIsIt(new TextEncoder().encode(text.slice(0, BEGINNING_BYTES)), "JSON");
    throw new FileFormatError(`${name} is not JSON: ${what ?? (cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FileFormatError(`${name}: expected a JSON object, got ${JSON.stringify(text.trim().slice(0, 40))}`);
}
