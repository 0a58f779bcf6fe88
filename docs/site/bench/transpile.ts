import { transform } from "sucrase";

/**
 * A module in TypeScript as JavaScript of a function's body: what it imports it asks `require` for. Lines stay where they
 * are. Types are taken off, not checked.
 * @throws for what is no TypeScript, with line and column
 */
export function transpile(code: string): string {
  return transform(code, { transforms: ["typescript", "imports"], disableESTransforms: true, production: true }).code;
}
