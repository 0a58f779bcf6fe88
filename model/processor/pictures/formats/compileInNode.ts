import { readFile } from "node:fs/promises";
import { resolveInNode } from "../../../../core/nodeModule.ts";

/** A WebAssembly file of an installed package (Node only). */
export async function compileInNode(path: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(resolveInNode(path, import.meta.url)));
}
