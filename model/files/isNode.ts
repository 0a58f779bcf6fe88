/** Whether this is Node (or what behaves like it) rather than a browser: paths are files, and WebAssembly is read. */
export const isNode = typeof process === "object" && process.versions?.node !== undefined;
