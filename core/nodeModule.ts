/** A builtin module of Node without importing it, so that bundlers for browsers never see it. */
export function nodeModule<T>(name: string): T | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as T | undefined;
}

/**
 * Where Node finds `path` of an installed package, seen from the module at `url`. Bundlers neither see nor follow it.
 * @throws Node's error if it is not there
 */
export function resolveInNode(path: string, url: string): string {
  return nodeModule<typeof import("node:module")>("node:module")!.createRequire(url).resolve(path);
}
